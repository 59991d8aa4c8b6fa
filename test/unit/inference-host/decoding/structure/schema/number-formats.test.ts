import { describe, expect, it } from 'vitest'
import {
  boundsOf,
  isNumberFormat,
  isOfNumberFormat,
  withoutNumberFormat,
} from '../../../../../../inference-host/decoding/structure/schema/number-formats.ts'

describe('a format of numbers', () => {
  it.each([
    ['int8', -128, 127],
    ['uint8', 0, 255],
    ['int16', -32_768, 32_767],
    ['int32', -2_147_483_648, 2_147_483_647],
    ['uint32', 0, 4_294_967_295],
    ['double-int', -9_007_199_254_740_991, 9_007_199_254_740_991],
  ])('%s goes from %d to %d', (format, least, greatest) => {
    expect(isNumberFormat(format)).toBe(true)
    const of = (value: number) => isOfNumberFormat(value, format)
    expect([of(least), of(greatest), of(least - 2), of(greatest + 2), of(0.5)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(boundsOf({ format })).toEqual({
      bounds: { minimum: least, maximum: greatest, exclusiveMinimum: undefined, exclusiveMaximum: undefined },
      whole: true,
    })
  })

  it('holds beside bounds, the tighter of both', () => {
    const { bounds } = boundsOf({ format: 'uint8', minimum: 7, maximum: 1000, exclusiveMinimum: 9 })
    expect(bounds).toEqual({ minimum: 7, maximum: 255, exclusiveMinimum: 9, exclusiveMaximum: undefined })
  })

  it('is none of strings, and of those that leave no number out', () => {
    for (const format of ['date', 'float', 'double', 'no-such', undefined]) {
      expect(isNumberFormat(format)).toBe(false)
      expect(isOfNumberFormat(0.5, format)).toBe(true)
      expect(withoutNumberFormat(format)).toEqual([])
    }
    expect(boundsOf({ format: 'date' }).whole).toBe(false)
  })

  it('leaves what is beside it and between its integers', () => {
    expect(withoutNumberFormat('uint8')).toEqual([
      { type: 'number', exclusiveMaximum: 0 },
      { type: 'number', exclusiveMinimum: 255 },
      { type: 'number', not: { multipleOf: 1 } },
    ])
  })
})
