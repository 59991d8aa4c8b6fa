import type { Lanes } from './lanes.ts'
import type { Prefill } from './prefill.ts'
import { type BatchEnd, type Sequence, takeToken } from './request.ts'
import type { BatchSlots } from './slots.ts'

type How = { how: 'finished' | 'stopped' } | { how: 'failed'; cause: unknown }

/** How sequences go on, or end. */
export type Endings = {
  /** Ends a sequence. It gives up all that it holds, and its request is told. */
  end(sequence: Sequence, how: How): void
  /** Gives a sequence its next token, whose choice is its own compute. True while it goes on. */
  advance(sequence: Sequence, logits: Float32Array): boolean
}

type Options = {
  slots: Pick<BatchSlots, 'release'>
  prefill: Pick<Prefill, 'remove'>
  lanes: Pick<Lanes<Sequence>, 'remove'>
  /** Milliseconds on a steady clock. */
  now: () => number
}

export function createEndings({ slots, prefill, lanes, now }: Options): Endings {
  function end(sequence: Sequence, how: How): void {
    prefill.remove(sequence)
    lanes.remove(sequence)
    slots.release(sequence)
    sequence.request.ended({ ...sequence.counted, ...how } satisfies BatchEnd)
  }

  /** How the sequence ends with its next token; undefined where it goes on. */
  function taken(sequence: Sequence, logits: Float32Array): How | undefined {
    const began = now()
    try {
      return takeToken(sequence, logits) ? { how: 'finished' } : undefined
    } catch (cause) {
      return { how: 'failed', cause }
    } finally {
      const ms = now() - began
      sequence.counted.computeMs += ms
      if (sequence.request.constrained) sequence.owesMs += ms
    }
  }

  return {
    end,
    advance(sequence, logits) {
      const how = taken(sequence, logits)
      if (how !== undefined) end(sequence, how)
      return how === undefined
    },
  }
}
