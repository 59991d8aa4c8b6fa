import type { Endings } from './endings.ts'
import type { Lanes } from './lanes.ts'
import type { Pace } from './pace.ts'
import type { Chunk, Prefill } from './prefill.ts'
import type { Sequence } from './request.ts'
import type { Tallying } from './tally.ts'

type Options = {
  prefill: Prefill
  lanes: Pick<Lanes<Sequence>, 'add'>
  endings: Endings
  pace: Pick<Pace, 'sawChunk'>
  tally: Pick<Tallying, 'chunk' | 'prompt'>
  /** Milliseconds on a steady clock. */
  now: () => number
}

/**
 * Computes chunks of prompts. A sequence whose prompt is complete gets its first token, and joins a lane if it goes on.
 * Never rejects: where the decoder fails, the chunk's sequence ends as failed.
 */
export function chunkRunner({ prefill, lanes, endings, pace, tally, now }: Options) {
  return async function runChunk(chunk: Chunk): Promise<void> {
    const { sequence } = chunk
    const began = now()
    try {
      const logits = await prefill.compute(chunk)
      const ms = now() - began
      pace.sawChunk(chunk.tokens, ms)
      tally.chunk(chunk.tokens, ms)
      sequence.counted.computeMs += ms
      if (logits === undefined) return
      tally.prompt(sequence.counted)
      if (!endings.advance(sequence, logits)) return
      if (sequence.staged !== undefined) lanes.add(sequence, sequence.staged, 0)
      prefill.remove(sequence)
    } catch (cause) {
      sequence.counted.computeMs += now() - began
      endings.end(sequence, { how: 'failed', cause })
    }
  }
}
