import { expect, test } from 'vitest'
import {
  boundsOf,
  isNumberFormat,
  isOfNumberFormat,
  withoutNumberFormat,
} from '../../../../../../inference-host/decoding/structure/schema/number-formats.ts'

test('a format of numbers has its range of integers; others say nothing of numbers', () => {
  expect([isNumberFormat('int32'), isNumberFormat('float'), isNumberFormat('date')]).toEqual([
    true,
    false,
    false,
  ])
  const of = (format: string, ...values: number[]) => values.map((value) => isOfNumberFormat(value, format))
  expect(of('int8', -129, -128, 127, 128, 0.5)).toEqual([false, true, true, false, false])
  expect(of('uint64', -1, 0, 2 ** 64)).toEqual([false, true, false])
  expect(of('date', 0.5)).toEqual([true])
})

test('the bounds of a schema are the narrowest of its own and of its formats', () => {
  expect(boundsOf({ format: 'int8', minimum: -500, exclusiveMaximum: 9 })).toEqual({
    bounds: { minimum: -128, maximum: 127, exclusiveMinimum: undefined, exclusiveMaximum: 9 },
    whole: true,
  })
  expect(boundsOf({ maximum: 2 })).toMatchObject({ bounds: { minimum: undefined, maximum: 2 }, whole: false })
})

test('what is not of a format is below it, above it or no integer', () => {
  expect(withoutNumberFormat('uint8')).toEqual([
    { type: 'number', exclusiveMaximum: 0 },
    { type: 'number', exclusiveMinimum: 255 },
    { type: 'number', not: { multipleOf: 1 } },
  ])
  expect(withoutNumberFormat('password')).toEqual([])
})
