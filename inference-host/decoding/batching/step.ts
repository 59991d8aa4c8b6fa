import { setImmediate } from 'node:timers/promises'
import type { Debts } from './debts.ts'
import type { Lane } from './lane.ts'
import type { Lanes } from './lanes.ts'
import type { Pace } from './pace.ts'
import { NEWCOMERS, type Turn, turnOf } from './plan.ts'
import type { Chunk, Prefill } from './prefill.ts'
import type { Sequence } from './request.ts'

type Options = {
  prefill: Pick<Prefill, 'waiting' | 'plan'>
  lanes: Pick<Lanes<Sequence>, 'members' | 'promote' | 'active'>
  pace: Pick<Pace, 'budget' | 'sawDecoding'>
  debts: Pick<Debts, 'settle'>
  /** Ends those that were told to stop, then lets in those that wait. */
  sweep: () => void
  runChunk: (chunk: Chunk) => Promise<void>
  runLane: (lane: Lane<Sequence>) => Promise<void>
  /** Milliseconds on a steady clock. */
  now: () => number
}

/**
 * A step computes some prompt tokens, as many as `pace` grants, and then one token for each running sequence, all of a
 * lane at once. Requests may come and go between its calls.
 */
export function createStep({ prefill, lanes, pace, debts, sweep, runChunk, runLane, now }: Options) {
  let count = 0

  /** Requests that came during the last call show up only now. They may be first in the next call. */
  async function listen(): Promise<void> {
    await setImmediate()
    sweep()
  }

  function planned(budget: number, turn: Turn): Chunk | undefined {
    const running = new Set(lanes.members.map(({ request }) => request.namespace))
    return prefill.plan(budget, turn, ({ request }) => !running.has(request.namespace))
  }

  async function prompts(): Promise<void> {
    const whole = pace.budget(lanes.members.length, prefill.waiting.length)
    for (let budget = whole; budget >= 2; ) {
      const chunk = planned(budget, turnOf(count))
      if (chunk === undefined) break
      budget -= chunk.tokens
      await runChunk(chunk)
      await listen()
    }
    // One more chunk for a newcomer that has nothing yet, so it need not wait for a whole step of the others.
    const late = planned(whole, NEWCOMERS)
    if (late?.newcomer && lanes.members.length > 0) await runChunk(late)
  }

  async function decoding(): Promise<void> {
    const began = now()
    lanes.promote()
    debts.settle(lanes.members)
    for (const lane of lanes.active()) {
      await runLane(lane)
      sweep()
    }
    if (lanes.members.length > 0) pace.sawDecoding(now() - began)
  }

  return async function step(): Promise<void> {
    count++
    await listen()
    await prompts()
    sweep()
    await decoding()
  }
}
