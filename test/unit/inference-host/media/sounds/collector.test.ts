import { expect, it } from 'vitest'
import { createCollector } from '../../../../../inference-host/media/sounds/collector.ts'
import { Unreadable } from '../../../../../shared/unreadable.ts'

const of = (...samples: number[]) => Float32Array.from(samples)

const unheard = () => {}

it('channels become one, and what is skipped is not heard', () => {
  const { add, end } = createCollector(16_000, 4, unheard, 3)
  add([of(0.5, 0.5), of(0.5, 0)])
  add([of(9, 0.5), of(9, 1)])
  add([of(-1, Number.NaN), of(-3, 1)])
  expect([...end()]).toEqual([0.75, -1, 0])
})

it('another rate ends as long as the sound, and says how long it has come', () => {
  const told: number[] = []
  const { add, end } = createCollector(48_000, 48_000, (seconds) => told.push(seconds))
  for (let i = 0; i < 47; i++) add([new Float32Array(1000)])
  expect(end()).toHaveLength(Math.ceil(47_000 / 3))
  expect([told.length, told.at(-1)]).toEqual([47, 47 / 48])
})

it('more than was said is refused, and so is nothing', () => {
  const { add } = createCollector(16_000, 3, unheard)
  add([of(0, 0, 0)])
  expect(() => add([of(0)])).toThrow(Unreadable)
  expect(() => createCollector(16_000, 3, unheard).end()).toThrow(Unreadable)
})
