import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { repeat } from '../../../../edge/runtime/repeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('runs every so often, and never twice at once', async () => {
  const runs: PromiseWithResolvers<void>[] = []
  const stop = repeat(() => {
    const run = Promise.withResolvers<void>()
    runs.push(run)
    return run.promise
  }, 1000)
  await vi.advanceTimersByTimeAsync(3500)
  expect(runs).toHaveLength(1)
  runs[0]?.resolve()
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toHaveLength(2)

  let stopped = false
  const stopping = stop().then(() => {
    stopped = true
  })
  await vi.advanceTimersByTimeAsync(5000)
  expect([runs.length, stopped]).toEqual([2, false])
  runs[1]?.resolve()
  await stopping
})

it('goes on after a run that failed', async () => {
  let runs = 0
  const stop = repeat(async () => {
    runs++
    throw new Error('this one failed')
  }, 1000)
  await vi.advanceTimersByTimeAsync(3000)
  expect(runs).toBe(3)
  await stop()
})
