import { brokeOff, type Choice, type VendorStream } from './foreign-stream.ts'
import { finishOf, type Prediction } from './replicate-shapes.ts'
import type { Tally } from './tally.ts'

type Options = {
  tally: Tally
  isChat: boolean
  /** Output tokens that the answer may have. */
  most: number
  /** Text that the stream does not have, so that it comes at its end. */
  unseen: string
  /** Resolves with the prediction when it has succeeded. @throws TwohopError where it has not */
  ended: () => Promise<Prediction>
}

/** An answer's piece, or its end. */
function pieceOf(isChat: boolean, text: string, finish: string | null = null): Choice {
  const said = isChat ? { delta: text === '' ? {} : { content: text } } : { text }
  return { index: 0, ...said, logprobs: null, finish_reason: finish }
}

/** Characters of a piece, where a whole text is cut into pieces. */
const PIECE = /.{1,4000}/gsu

/**
 * Reads a prediction's stream (replicate.com/docs/topics/predictions/streaming). It counts nothing, so that the prediction
 * itself is asked for at its end.
 */
export function createPredictionReader({ tally, isChat, most, unseen, ended }: Options): VendorStream {
  let begun = false
  return {
    take({ event, data }) {
      if (event === 'error') throw brokeOff()
      if (event === 'done') {
        begun = true
        return 'end'
      }
      if (event !== 'output' || data === '') return []
      begun = true
      tally.came(data)
      return [pieceOf(isChat, data)]
    },
    async rest() {
      const prediction = await ended()
      tally.came(unseen)
      const pieces = (unseen.match(PIECE) ?? []).map((piece) => pieceOf(isChat, piece))
      return [...pieces, pieceOf(isChat, '', finishOf(prediction, most))]
    },
    get begun() {
      return begun
    },
    cached: undefined,
  }
}
