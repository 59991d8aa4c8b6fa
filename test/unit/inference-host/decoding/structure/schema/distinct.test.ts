import { expect, test } from 'vitest'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { accepts, bind, schemaStructure, vocabularyOf } from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

const setOf = (values: readonly unknown[], more = {}) =>
  bind(schemaStructure({ type: 'array', uniqueItems: true, items: { enum: values }, ...more }), vocabulary)

/** All rows of some of the values, each at most once. */
function rows(values: readonly string[]): string[][] {
  return [
    [],
    ...values.flatMap((first) => rows(values.filter((one) => one !== first)).map((row) => [first, ...row])),
  ]
}

test('few values come in any order, each once, as many as are asked for', () => {
  const values = ['a', 'ab', 'b']
  const bounds = { minItems: 2, maxItems: 3 }
  const [any, some] = [setOf(values), setOf(values, bounds)]
  for (const row of rows(values)) {
    expect([row, accepts(any, JSON.stringify(row), vocabulary)]).toEqual([row, true])
    expect([row, accepts(some, JSON.stringify(row), vocabulary)]).toEqual([row, row.length >= 2])
    const [first] = row
    if (first === undefined) continue
    expect([row, accepts(any, JSON.stringify([...row, first]), vocabulary)]).toEqual([row, false])
  }
})

test('many values come in the order of their list, but in any where few are taken', () => {
  const values = Array.from({ length: 12 }, (_, i) => `v${i}`)
  const whole = setOf(values)
  expect(accepts(whole, JSON.stringify(values), vocabulary)).toBe(true)
  expect(accepts(whole, '["v0","v11"]', vocabulary)).toBe(true)
  expect(accepts(whole, '["v11","v0"]', vocabulary)).toBe(false)
  const two = setOf(values, { maxItems: 2 })
  expect(accepts(two, '["v11","v0"]', vocabulary)).toBe(true)
  expect(accepts(two, '["v11","v11"]', vocabulary)).toBe(false)
})

test('values are told from one another whatever their properties are called', () => {
  const twice = [{ constructor: {} }, { constructor: {} }]
  const lists = bind(schemaStructure({ enum: [twice, [1]], uniqueItems: true }), vocabulary)
  expect(accepts(lists, '[1]', vocabulary)).toBe(true)
  expect(accepts(lists, JSON.stringify(twice), vocabulary)).toBe(false)
})
