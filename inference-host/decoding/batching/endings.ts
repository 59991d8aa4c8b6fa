import type { Lanes } from './lanes.ts'
import type { Prefill } from './prefill.ts'
import { type BatchEnd, type Sequence, takeToken } from './request.ts'
import type { BatchSlots } from './slots.ts'

type How = { how: 'finished' | 'stopped' } | { how: 'failed'; cause: unknown }

/** How sequences go on, or end. */
export type Endings = {
  /** Ends a sequence. It gives up all that it holds, and its request is told. */
  end(sequence: Sequence, how: How): void
  /** Gives a sequence its next token. True while it goes on. */
  advance(sequence: Sequence, logits: Float32Array): boolean
}

type Options = {
  slots: Pick<BatchSlots, 'release'>
  prefill: Pick<Prefill, 'remove'>
  lanes: Pick<Lanes<Sequence>, 'remove'>
}

export function createEndings({ slots, prefill, lanes }: Options): Endings {
  function end(sequence: Sequence, how: How): void {
    prefill.remove(sequence)
    lanes.remove(sequence)
    slots.release(sequence)
    sequence.request.ended({ ...sequence.counted, ...how } satisfies BatchEnd)
  }

  return {
    end,
    advance(sequence, logits) {
      try {
        const over = takeToken(sequence, logits)
        if (over) end(sequence, { how: 'finished' })
        return !over
      } catch (cause) {
        end(sequence, { how: 'failed', cause })
        return false
      }
    },
  }
}
