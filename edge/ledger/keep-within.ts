import type { Log } from '../log/port.ts'
import type { WebhookEvent } from '../notify/webhook.ts'
import { NEAR } from './bounds.ts'

/** The streams of usage events and of acts, which must not grow for ever. */
export type BoundedStreams = {
  /**
   * Takes off the oldest above the bounds, some at a time: events become sums, acts are gone. Returns what is there
   * then, and how many were taken off.
   * @throws TwohopError store_unavailable
   */
  trim(most: Bounds): Promise<Bounds & { rolledUp: number; dropped: number }>
}

type Bounds = { events: number; acts: number }

type Options = {
  streams: BoundedStreams
  most: Bounds
  /** Whether events wait for a ledger. Without one they are rolled up as a matter of course. */
  hasLedger: boolean
  /** Reports an event to the operator; never throws. */
  tell: (event: WebhookEvent) => Promise<unknown>
  log: Log
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Calls of one run, each of which takes off a thousand of each. */
const MOST_CALLS = 20

/**
 * Keeps the streams within their bounds. From half of a bound on it tells the operator: in the log each time, and by
 * webhook once a day.
 * @throws TwohopError store_unavailable
 */
export function createKeepWithin({ streams, most, hasLedger, tell, log, now }: Options) {
  let told = ''

  async function warn(what: keyof Bounds, there: number, taken: number): Promise<void> {
    const day = new Date(now()).toISOString().slice(0, 10)
    const detail = { what, entries: there, most: most[what], taken_off: taken }
    await log(taken > 0 ? 'error' : 'warn', 'stream_near_bound', { detail })
    const id = `stream_near_bound_${what}_${taken > 0 ? 'reached_' : ''}${day}`
    if (told.includes(id)) return
    told = `${told.includes(day) ? told : ''} ${id}`
    await tell({ id, type: 'stream.near_bound', at: now(), data: detail })
  }

  return async function keepWithin(): Promise<void> {
    let left = await streams.trim(most)
    let { rolledUp, dropped } = left
    for (let call = 1; call < MOST_CALLS && left.rolledUp + left.dropped > 0; call++) {
      left = await streams.trim(most)
      rolledUp += left.rolledUp
      dropped += left.dropped
    }
    if (hasLedger && left.events >= most.events * NEAR) await warn('events', left.events, rolledUp)
    if (left.acts >= most.acts * NEAR) await warn('acts', left.acts, dropped)
  }
}
