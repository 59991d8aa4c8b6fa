import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import type { Run } from '../../../../inference-host/scheduler/run.ts'
import type { Asker } from '../../../../inference-host/scheduler/ticket.ts'
import { createSlotEngine, textWork } from '../../../fixtures/slot-engine.ts'

const arrival = fc.record({
  account: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  weight: fc.constantFrom(1, 2, 5),
  priority: fc.constantFrom('interactive' as const, 'job' as const),
  prompt: fc.integer({ min: 1, max: 200 }),
  output: fc.integer({ min: 1, max: 30 }),
  within: fc.constantFrom(100, 2000, 1e9),
})
const step = fc.oneof(
  { weight: 3, arbitrary: arrival },
  { weight: 4, arbitrary: fc.constant('step' as const) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat() }) },
)

test('over any arrivals, cancels and deadlines: bounds hold, every request ends once, nothing is left', async () => {
  const rules = fc.record({
    slots: fc.integer({ min: 1, max: 5 }),
    spareSlots: fc.integer({ min: 0, max: 2 }),
    prefills: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
  })
  await fc.assert(
    fc.asyncProperty(
      rules,
      fc.array(step, { minLength: 20, maxLength: 150, size: 'max' }),
      async (options, steps) => {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
        try {
          await play(options, steps)
        } finally {
          vi.useRealTimers()
        }
      },
    ),
    { numRuns: 150 },
  )
})

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

async function play(
  { slots, spareSlots, prefills }: { slots: number; spareSlots: number; prefills: number },
  steps: readonly Step[],
): Promise<void> {
  const clock = { ms: 0 }
  const limit = 12
  const accountLimit = 5
  const engine = createSlotEngine(slots, (ms) => {
    clock.ms += ms
    vi.advanceTimersByTime(ms)
  })
  // Requests and what waits of jobs are bounded each for itself.
  const withJobs = steps.some((one) => typeof one === 'object' && 'priority' in one && one.priority === 'job')
  const ends = { seen: 0, begun: 0 }
  const queue = createModelQueue({
    engine,
    limit,
    accountLimit,
    spareSlots,
    prefills,
    clock: () => clock.ms,
    now: () => clock.ms,
    observe({ type }) {
      if (type === 'ended') ends.seen++
      if (type === 'begun') ends.begun++
    },
  })
  const runs: Run[] = []
  let refused = 0

  function check(): void {
    const { waiting, running } = queue.load()
    // The spare slot needs no place in the queue, so one request may wait beyond what a full engine leaves.
    expect(waiting).toBeLessThanOrEqual(withJobs ? 2 * limit : limit)
    expect(running).toBeLessThanOrEqual(slots)
    // Work is never left waiting before an engine that has nothing to do.
    if (running === 0) expect(waiting).toBe(0)
  }

  for (const one of steps) {
    if (one === 'step') engine.step()
    else if ('cancel' in one) runs[one.cancel % Math.max(1, runs.length)]?.cancel()
    else {
      const { account, weight, priority, prompt, output, within } = one
      const asker: Asker = { account, weight, priority }
      try {
        runs.push(queue.submit(textWork(prompt, output), clock.ms + within, asker))
      } catch (error) {
        refused++
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(too_many_concurrent|host_busy|host_timeout)$/),
        })
      }
    }
    check()
  }
  while (engine.step()) check()
  await queue.idle()
  expect(queue.load()).toEqual({ waiting: 0, running: 0 })
  expect(vi.getTimerCount()).toBe(0)
  expect(ends.seen).toBe(runs.length)
  expect(runs.length + refused).toBe(
    steps.filter((one) => typeof one === 'object' && 'account' in one).length,
  )
  expect(ends.begun).toBeLessThanOrEqual(runs.length)
  for (const code of await Promise.all(runs.map(({ ended }) => ended)))
    expect(['finished', 'cancelled', 'host_failed', 'host_timeout']).toContain(code)
}
