import { TwohopError } from '../../shared/errors.ts'
import type { Pace } from './pace.ts'

/** What is known of a request when it comes. Times in milliseconds. */
export type Arrival = {
  model: string
  /** A slot is free for it. */
  atOnce: boolean
  /** Waiting requests. Those of jobs count only for a job. */
  waiting: number
  /** Those of its account among them. */
  mine: number
  /** Those of its account and rank. They go before it in any case. */
  ahead: number
  /** Until its deadline. */
  left: number
  /** The most tokens it may write. */
  outputTokens: number
}

/** The most requests that wait: in all, and of one account. */
export type Bounds = { limit: number; accountLimit: number }

/**
 * Why a request is not taken in, or undefined where it is. A request that cannot end in time is refused at once, but
 * only where even the best case is too late. It gets `host_busy` (come again) where the wait is to blame, and
 * `host_timeout` (ask for less) where the work itself is.
 */
export function refusalOf(
  { model, atOnce, waiting, mine, ahead, left, outputTokens }: Arrival,
  { limit, accountLimit }: Bounds,
  pace: Pace,
): TwohopError | undefined {
  if (left <= 0) return expired()
  if (!atOnce && mine >= accountLimit)
    return new TwohopError(
      'too_many_concurrent',
      `${mine} requests of this account already wait for ${model}.`,
      retryAfter(pace.usualWait(0)),
    )
  if (!atOnce && waiting >= limit)
    return new TwohopError(
      'host_busy',
      `${waiting} requests already wait for ${model}.`,
      retryAfter(pace.usualWait(0)),
    )
  const work = pace.leastTime(outputTokens)
  if (left < work)
    return new TwohopError(
      'host_timeout',
      `This takes ${Math.ceil(work)} ms at least; ${left} ms are left until the deadline.`,
    )
  if (!atOnce && left < pace.leastWait(ahead) + work)
    return new TwohopError(
      'host_busy',
      `${ahead} requests of this account wait before this one; its deadline would pass.`,
      retryAfter(pace.usualWait(ahead)),
    )
  return undefined
}

/** The error of a request with a passed deadline. */
export function expired(): TwohopError {
  return new TwohopError('host_timeout', 'The deadline has passed.')
}

function retryAfter(ms: number): { retryAfterMs?: number } {
  return ms > 0 ? { retryAfterMs: ms } : {}
}
