import { expect, test } from 'vitest'
import { createTurnover } from '../../../../inference-host/residency/turnover.ts'

test('a minute of loading is free; what goes beyond is waited for, five times as long', () => {
  let at = 0
  const turnover = createTurnover(() => at)
  turnover.loaded(59_000)
  expect(turnover.restMs()).toBe(0)
  turnover.loaded(3000)
  expect(turnover.restMs()).toBe(10_000)
  at += 9990
  expect(turnover.restMs()).toBeGreaterThan(0)
  at += 10
  expect(turnover.restMs()).toBe(0)
})

test('however long nothing is loaded, no more than a minute is saved up', () => {
  let at = 0
  const turnover = createTurnover(() => at)
  at += 1e9
  turnover.loaded(61_000)
  expect(turnover.restMs()).toBe(5000)
})
