import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import type { Work } from '../../../../inference-host/work/work.ts'
import { createSlotEngine, textWork } from '../../../fixtures/slot-engine.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

type Rules = { spareSlots?: number; prefills?: number }

/**
 * One account asks 200 times, each time a moment after its last answer has ended; another has `load` requests waiting
 * or running all the while. Gives the first's times to first token, in milliseconds, least first.
 */
function timesToFirstToken(load: number, rules: Rules): number[] {
  const clock = { ms: 0 }
  const engine = createSlotEngine(16, pass)
  const queue = createModelQueue({ engine, limit: 256, clock: () => clock.ms, now: () => clock.ms, ...rules })
  const times: number[] = []
  let asked: { work: Work; at: number } | undefined
  let askAt = 500
  let loaded = 0
  let sent = 0
  engine.onFirstToken = (work) => {
    if (work === asked?.work) times.push(clock.ms - asked.at)
  }
  engine.onEnd = (work) => {
    if (work !== asked?.work) return void loaded--
    asked = undefined
    askAt = clock.ms + 37
  }
  function pass(ms: number): void {
    const until = clock.ms + ms
    if (asked === undefined && askAt <= until) {
      clock.ms = Math.max(clock.ms, askAt)
      asked = { work: textWork(64, 8), at: clock.ms }
      queue.submit(asked.work, 1e12, { account: 'other' })
    }
    clock.ms = until
  }
  while (times.length < 200) {
    for (; loaded < load; loaded++) queue.submit(textWork(64, 48 + (sent++ % 5)), 1e12, { account: 'loaded' })
    if (!engine.step()) pass(askAt - clock.ms)
  }
  return times.sort((a, b) => a - b)
}

const p95 = (times: readonly number[]) => times[Math.ceil(times.length * 0.95) - 1] as number

describe('time to first token, one request at a time, beside an account with 64 requests', () => {
  const quiet = p95(timesToFirstToken(0, {}))

  test('with a spare slot and one prompt of the other at a time: p95 at most twice that of a quiet host', () => {
    const times = timesToFirstToken(64, { spareSlots: 1, prefills: 1 })
    expect(p95(times) / quiet).toBeLessThanOrEqual(2)
  })

  test.each<[string, Rules]>([
    ['without a spare slot', { prefills: 1 }],
    ['with any number of prompts of the other at once', { spareSlots: 1 }],
  ])('%s, it is more', (_name, rules) => {
    expect(p95(timesToFirstToken(64, rules)) / quiet).toBeGreaterThan(2)
  })
})
