import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHeap } from '../../../../inference-host/scheduler/binary-heap.ts'

type Item = { key: number }

test('after any adding and taking out, the first is the least of those that pass', async () => {
  const step = fc.record({
    key: fc.nat(1000),
    remove: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat() }),
    least: fc.nat(1000),
  })
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const heap = createHeap<Item>((a, b) => a.key < b.key)
      const items: Item[] = []
      for (const { key, remove, least } of steps) {
        if (remove !== null && items.length > 0) {
          const [item] = items.splice(remove % items.length, 1)
          expect(heap.delete(item as Item)).toBe(true)
          expect(heap.delete(item as Item)).toBe(false)
        } else {
          const item = { key }
          items.push(item)
          heap.add(item)
        }
        expect(heap.size).toBe(items.length)
        const keys = items.map((item) => item.key)
        expect(heap.first()?.key ?? Number.POSITIVE_INFINITY).toBe(Math.min(...keys))
        const passing = keys.filter((one) => one >= least)
        expect(heap.first((item) => item.key >= least)?.key ?? Number.POSITIVE_INFINITY).toBe(
          Math.min(...passing),
        )
      }
      const drained: number[] = []
      for (let first = heap.first(); first !== undefined; first = heap.first()) {
        drained.push(first.key)
        heap.delete(first)
      }
      expect(drained).toEqual(items.map(({ key }) => key).sort((a, b) => a - b))
    }),
  )
})

test('with 10,000 items, adding and taking out compare a logarithm of times, and looking none', () => {
  let comparisons = 0
  const heap = createHeap<Item>((a, b) => {
    comparisons++
    return a.key < b.key
  })
  for (let i = 0; i < 10_000; i++) heap.add({ key: (i * 7919) % 10_000 })
  for (let i = 0; i < 1000; i++) {
    comparisons = 0
    const first = heap.first() as Item
    expect(comparisons).toBe(0)
    heap.delete(first)
    heap.add({ key: first.key + 5000 })
    // Sinking compares twice a level, rising once; 10,000 items have 14 levels.
    expect(comparisons).toBeLessThanOrEqual(3 * 14)
  }
})

test('looking past k items that do not pass asks for at most 2k + 1 of them', () => {
  const heap = createHeap<Item>((a, b) => a.key < b.key)
  for (let key = 0; key < 10_000; key++) heap.add({ key })
  let asked = 0
  const found = heap.first(({ key }) => {
    asked++
    return key >= 15
  })
  expect(found).toEqual({ key: 15 })
  expect(asked).toBeLessThanOrEqual(31)
})
