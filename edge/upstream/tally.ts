import { createExpiringMap } from '../../shared/expiring-map.ts'
import type { HostCall, HostUsage } from './port.ts'

/** What is known here of what a foreign upstream has computed for one request. */
export type Tally = {
  /** Takes text that came, as UTF-8 bytes: no answer has more tokens than its text has bytes. */
  came(...texts: readonly (string | null | undefined)[]): void
  /** Takes what the upstream says of the prompt, and of all output. */
  counted(counts: {
    promptTokens?: number | undefined
    outputTokens?: number | undefined
    /** How long it computed, in milliseconds. */
    computeMs?: number | undefined
  }): void
  /** Takes that the answer is whole, by an upstream that counts time: its tokens are at most the bytes that came. */
  whole(): void
  /** What is charged if it ends here. */
  usage(): HostUsage
}

type Options = {
  /** What output counts that the upstream has not counted: all that was reserved, or the bytes that came. */
  broken: 'reserved' | 'bytes'
  /** Milliseconds. */
  now: () => number
}

const utf8 = new TextEncoder()

/**
 * The tallies of calls under way. A call that was sent may have been computed whole, so until its answer begins it counts as
 * all that was reserved, and what is not known later does too.
 */
export function createTallies({ broken, now }: Options) {
  const tallies = createExpiringMap<string, Tally | undefined>({ capacity: MOST, now })

  function open({
    requestId,
    reserved,
    deadline,
  }: Pick<HostCall, 'requestId' | 'reserved' | 'deadline'>): Tally {
    const began = now()
    let bytes = 0
    let prompt: number | undefined
    let output: number | undefined
    let compute: number | undefined
    let counting = broken
    const tally: Tally = {
      came(...texts) {
        for (const text of texts) bytes += text ? utf8.encode(text).length : 0
      },
      counted({ promptTokens, outputTokens, computeMs }) {
        prompt = promptTokens ?? prompt
        output = outputTokens ?? output
        compute = computeMs ?? compute
      },
      whole() {
        counting = 'bytes'
      },
      usage() {
        const seen =
          counting === 'bytes' && bytes > 0 ? Math.min(bytes, reserved.outputTokens) : reserved.outputTokens
        return {
          promptTokens: prompt ?? reserved.promptTokens,
          outputTokens: output ?? seen,
          computeMs: compute ?? Math.max(0, Math.ceil(now() - began)),
        }
      },
    }
    tallies.set(requestId, tally, deadline + AFTER_MS)
    return tally
  }

  return {
    open,
    /** Forgets a call that computed nothing. */
    drop: (requestId: string) => tallies.set(requestId, undefined, now()),
    of: (requestId: string): Tally | undefined => tallies.get(requestId),
    /** What a call has cost so far; undefined where it is not known, or has computed nothing. */
    usageOf: (requestId: string): HostUsage | undefined => tallies.get(requestId)?.usage(),
  }
}

/** Calls that are remembered, and milliseconds after their deadline for which they are. */
const MOST = 20_000
const AFTER_MS = 60_000
