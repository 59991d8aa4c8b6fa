import { ERRORS, TwohopError } from '../../shared/errors.ts'
import { HostRefusal, NothingComputed } from './port.ts'

/** The most calls for one request, and rounds through all places. */
export const MOST_TRIES = 4
export const MOST_ROUNDS = 2
/** Milliseconds: the longest wait after the first round, and after any. */
const BASE_MS = 100
const LONGEST_MS = 2000

/**
 * Whether another place may be asked after a failure: only where it is certain that nothing was computed. Else the work
 * would be done, and paid for, twice within one reservation.
 */
export function isSafe(error: unknown): error is TwohopError {
  if (error instanceof NothingComputed) return true
  return error instanceof HostRefusal && (error.code === 'host_busy' || error.code === 'host_not_ready')
}

/**
 * Whether a failure leaves open what was computed, so that another place may be asked only where the reservation covers both:
 * a connection that broke, an answer that did not begin in time or could not be read.
 */
export function leavesOpen(error: unknown): error is TwohopError {
  if (!(error instanceof TwohopError) || error instanceof HostRefusal) return false
  return ['host_unavailable', 'host_timeout', 'host_failed'].includes(error.code)
}

/** Whether a failure passes by itself. */
const passes = ({ code }: TwohopError) => ERRORS[code].status === 503

/**
 * Milliseconds to wait before everybody is asked again: any number up to a bound that doubles with each round ("full
 * jitter", aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter), or what an upstream asks for.
 * Undefined where waiting is of no use, or too long.
 * @param round from 0
 */
export function pauseBefore(
  round: number,
  failures: readonly TwohopError[],
  random: () => number,
): number | undefined {
  const passing = failures.filter(passes)
  if (passing.length === 0) return undefined
  const jitterMs = random() * Math.min(LONGEST_MS, BASE_MS * 2 ** round)
  const soonestMs = Math.min(...passing.map(({ retryAfterMs = 0 }) => retryAfterMs))
  return soonestMs > LONGEST_MS ? undefined : Math.max(jitterMs, soonestMs)
}

/** What the client is told of several failures: one that passes rather than one that does not. */
export function tellingOf(failures: readonly TwohopError[]): TwohopError {
  return (
    failures.find(passes) ??
    failures[0] ??
    new NothingComputed('host_unavailable', 'The model is not reachable right now; try again shortly.', {
      retryAfterMs: 2000,
    })
  )
}
