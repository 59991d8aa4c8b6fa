import { expect, test } from 'vitest'
import { QUIET_MS } from '../../../../inference-host/residency/backoff.ts'
import { createSetbacks } from '../../../../inference-host/residency/setbacks.ts'

test('the first loss waits for nothing, the next ones longer and longer; three are too often', () => {
  const setbacks = createSetbacks()
  const seen = [1, 2, 3].map(() => {
    setbacks.lost(0)
    return [setbacks.waitMs(), setbacks.tooOften()]
  })
  expect(seen).toEqual([
    [0, false],
    [1000, false],
    [2000, true],
  ])
})

test('a long quiet time wipes the slate', () => {
  const setbacks = createSetbacks()
  for (const _ of [1, 2, 3]) setbacks.lost(QUIET_MS - 1)
  expect([setbacks.tooOften(), setbacks.broke(), setbacks.broke()]).toEqual([true, 15_000, 30_000])
  setbacks.lost(QUIET_MS)
  expect([setbacks.tooOften(), setbacks.waitMs(), setbacks.broke()]).toEqual([false, 0, 15_000])
})

test('a load that works forgives those that did not, but not to a model that was lost', () => {
  const setbacks = createSetbacks()
  setbacks.broke()
  setbacks.loaded()
  expect(setbacks.broke()).toBe(15_000)
  setbacks.lost(0)
  setbacks.loaded()
  expect(setbacks.broke()).toBe(30_000)
})
