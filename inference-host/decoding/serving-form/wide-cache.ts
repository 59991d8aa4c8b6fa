import { bytesPerToken, type KvShape } from '../batching/shape.ts'
import { roundUp, SIZES } from '../batching/sizes.ts'

/** Twice the largest sliding window of a known model (4096: Mistral, Gemma 2), and all of a widened causal table. */
const MOST_COLUMNS = 8192

/** What one slot's cache may take while a form is verified, in bytes. Only what is written of it need be resident. */
const MOST_BYTES = 2 ** 30

/**
 * Columns of the cache in which a form is tried once more. A graph that masks by columns, as sliding windows and tables
 * that are too small do, is right while the cache is short and wrong when it is as wide as it is served.
 * @param context Tokens that the model can hold; as many as are tried for any model, where its files do not say.
 */
export function wideColumns(shape: KvShape, context: number = MOST_COLUMNS): number {
  const held = Math.floor(MOST_BYTES / bytesPerToken(shape))
  return roundUp(Math.min(context, MOST_COLUMNS, held), SIZES.stride)
}
