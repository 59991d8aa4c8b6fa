import type { ErrorCode } from '../../shared/errors.ts'
import type { Span } from '../../shared/tracing/port.ts'
import type { Observer } from '../metrics/scheduler-events.ts'
import { LONGEST_TIMER } from '../platform/longest-timer.ts'
import type { Work } from '../work/work.ts'
import type { Share } from './fair-queue.ts'
import { createMeasure, type Measure } from './measure.ts'
import type { Pace } from './pace.ts'
import { expired } from './refusal.ts'
import { createEntry, type Entry } from './run.ts'
import type { Priority } from './slots.ts'

/** A request's account and rank. */
export type Asker = {
  /** Accounts share the queue fairly. Requests that name none share one account. */
  account?: string | undefined
  /** The account's share of the tokens against that of others, above 0; default 1. */
  weight?: number | undefined
  /** Default interactive. A job waits as long as interactive requests take every slot. */
  priority?: Priority | undefined
  /** The request's span. */
  span?: Span | undefined
}

/**
 * A request in the scheduler. Its cost is the most tokens that it may use, because nothing else is known beforehand.
 */
export type Ticket = Share & {
  readonly priority: Priority
  readonly deadline: number
  readonly entry: Entry
  readonly measure: Measure
}

type Options = {
  work: Work
  /** Milliseconds since the epoch. */
  deadline: number
  asker: Asker
  observe: Observer
  pace: Pace
  /** Milliseconds since the epoch. */
  clock: () => number
  /** Milliseconds on a steady clock. */
  now: () => number
  /** Called once when the request has ended, or was dropped before it began. */
  onEnd: (ticket: Ticket) => void
}

/** A request that comes now. It ends with `host_timeout` once its deadline has passed. */
export function createTicket({ work, deadline, asker, observe, pace, clock, now, onEnd }: Options): Ticket {
  const { account = '', weight = 1, priority = 'interactive', span } = asker
  const { promptTokens, outputTokens } = work.limits
  const left = Math.min(deadline - clock(), LONGEST_TIMER)
  const timer = setTimeout(() => ticket.entry.interrupt(expired()), left)

  function end(how: 'finished' | ErrorCode): void {
    clearTimeout(timer)
    ticket.measure.end(how, ticket.entry.run.report())
    onEnd(ticket)
  }

  const ticket: Ticket = {
    account,
    weight,
    cost: Math.max(1, promptTokens + outputTokens),
    priority,
    deadline,
    measure: createMeasure({ outputLimit: outputTokens, now, observe, pace, span }),
    entry: createEntry({ work, now, onEnd: end }),
  }
  return ticket
}
