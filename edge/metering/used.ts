import type { TwohopError } from '../../shared/errors.ts'
import type { Timing } from '../../shared/timing.ts'
import { HostRefusal, type HostUsage } from '../upstream/port.ts'
import type { Counts } from './counter.ts'
import type { Held } from './held.ts'

/** Asks the host to stop a request; resolves with what it computed, or undefined where it cannot say. */
export type StopHost = (held: Held) => Promise<HostUsage | undefined>

/** Asks the host what a request was that has ended; resolves as StopHost does, some milliseconds later. */
export type AskHost = StopHost

/**
 * The work to charge for a whole answer: what the host counted. If it counted nothing, or more than was reserved, all
 * that was reserved is charged, since the host's word is not trusted there. Compute that the host did not measure is
 * charged as the time that has passed.
 */
export function usageWithin(held: Held, counts: Counts | undefined, timing: Timing | undefined): HostUsage {
  noteFirst(held, timing?.first_token_ms)
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

/** Takes the host's word for when the first token of a stream came: an event may come before it. */
function noteFirst(held: Held, saidMs: number | undefined): void {
  if (saidMs !== undefined) held.first(saidMs)
}

/**
 * Compute in milliseconds. Without a price it is reported as measured. With a price it is charged, up to what the
 * reservation covers.
 */
function computeWithin(
  { reservedComputeMs }: Held,
  measuredMs: number | undefined,
  otherwiseMs: number,
): number {
  if (reservedComputeMs === 0) return measuredMs ?? 0
  return Math.min(measuredMs ?? otherwiseMs, reservedComputeMs)
}

/**
 * The work to charge for a refusal: the time that it took the host to find out, and what it had read of the prompt by then, which is
 * nothing but where a recording is broken.
 */
export function usageOfRefusal(held: Held, error: TwohopError): HostUsage {
  const { computeMs, promptTokens } = error instanceof HostRefusal ? error : { computeMs: 0, promptTokens: 0 }
  return {
    promptTokens: Math.min(promptTokens, held.work.worst.promptTokens),
    outputTokens: 0,
    computeMs: computeWithin(held, computeMs, 0),
  }
}

/**
 * Ends a request whose stream was passed on unseen, by what the host says of it. Nobody else has counted, so without the
 * host's word all that was reserved is charged.
 */
export async function settleAsked(
  held: Held,
  outcome: 'ok' | 'cancelled' | 'failed',
  ask: AskHost,
): Promise<void> {
  const final = await ask(held)
  noteFirst(held, final?.firstTokenMs)
  held.settle(outcome, bounded(held, final, final?.computeMs))
}

/**
 * Ends a request whose answer will not be whole: stops the host, takes its final count (or else `seen`, the edge's last
 * count) and settles by it. If neither is known, a client that left pays for all that was reserved, so that leaving
 * early is never free; a failed request costs nothing.
 */
export async function stopAndSettle(
  held: Held,
  outcome: 'cancelled' | 'failed',
  stop: StopHost,
  seen?: HostUsage,
): Promise<void> {
  const final = await stopped(held, stop, seen)
  if (final === undefined && outcome === 'failed') return held.settle(outcome, undefined)
  held.settle(outcome, bounded(held, final, final?.computeMs))
}

/**
 * Stops the host of an answer that the edge has cut: what was computed, as it is charged and told. Where neither the host nor
 * the edge knows, that is all that was reserved.
 */
export async function usageOfCut(held: Held, stop: StopHost, seen?: HostUsage): Promise<HostUsage> {
  const final = await stopped(held, stop, seen)
  return bounded(held, final, final?.computeMs)
}

async function stopped(
  held: Held,
  stop: StopHost,
  seen: HostUsage | undefined,
): Promise<HostUsage | undefined> {
  const final = (await stop(held)) ?? seen
  noteFirst(held, final?.firstTokenMs)
  return final
}
