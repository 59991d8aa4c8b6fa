import type { Timing } from '../../shared/timing.ts'
import type { HostUsage } from '../upstream/port.ts'
import type { Held } from './hold.ts'

/** Asks the host to stop a request; resolves with what it computed, or undefined where it cannot say. */
export type StopHost = (held: Held) => Promise<HostUsage | undefined>

/** OpenAI's names for what was counted. */
export type Counts = { prompt_tokens: number; completion_tokens: number }

/**
 * The work to charge for an answer that came whole: what the host counted, or all that was reserved where it
 * counted nothing or more than it was allowed (a host is not trusted to spend less than it must). Compute that the
 * host did not measure is charged as the time that has passed.
 */
export function usageWithin(held: Held, counts: Counts | undefined, timing: Timing | undefined): HostUsage {
  const counted = counts && { promptTokens: counts.prompt_tokens, outputTokens: counts.completion_tokens }
  return bounded(held, counted, timing?.compute_ms)
}

function bounded(
  held: Held,
  counted: Omit<HostUsage, 'computeMs'> | undefined,
  measuredMs: number | undefined,
): HostUsage {
  const { promptTokens, outputTokens } = held.work.worst
  const within = counted && counted.promptTokens <= promptTokens && counted.outputTokens <= outputTokens
  if (!within) return { promptTokens, outputTokens, computeMs: computeWithin(held, measuredMs, Infinity) }
  return { ...counted, computeMs: computeWithin(held, measuredMs, held.elapsedMs()) }
}

/** Compute without a price is only passed on; with a price it is charged, up to what the reservation covers. */
function computeWithin(
  { reservedComputeMs }: Held,
  measuredMs: number | undefined,
  otherwiseMs: number,
): number {
  if (reservedComputeMs === 0) return measuredMs ?? 0
  return Math.min(measuredMs ?? otherwiseMs, reservedComputeMs)
}

/**
 * Ends a request that will not come whole: stops the host, takes its final count (or `seen`, the last count that
 * reached us) and settles by it. Where neither is known, a client that left pays for all that was reserved, so that
 * leaving early never comes free, and one whose request failed pays nothing.
 */
export async function stopAndSettle(
  held: Held,
  outcome: 'cancelled' | 'failed',
  stop: StopHost,
  seen?: HostUsage,
): Promise<void> {
  const final = (await stop(held)) ?? seen
  if (final === undefined && outcome === 'failed') return held.settle(outcome, undefined)
  held.settle(outcome, bounded(held, final, final?.computeMs))
}
