import { bytesPerToken, type KvShape } from './shape.ts'
import { laneFor, SIZES } from './sizes.ts'

/** The fewest bytes of cache that make a batch: one request of `context` tokens, twice (see createBatchSlots). */
export function leastKvBytes(shape: KvShape, context: number): number {
  return 2 * laneFor(context, context, SIZES) * bytesPerToken(shape)
}

/** A context below this is not worth a batch: prompts of a page would not fit. In tokens. */
const LEAST_CONTEXT = 1024

type Asked = {
  /** Tokens: what the model can hold, or what its entry says that it is to hold. */
  context: number
  /** The entry says so. */
  isGiven: boolean
  /** Bytes that its caches may take at the very most, and the part of the models' memory that they had better not exceed. */
  most: number
  part: number
}

/**
 * The context that a decoder is served with in a batch, and the bytes of its caches: all of its context where `most` holds
 * that twice. Else it is what `most` and `part` hold, unless the entry has said how much it is to be. Where that is less
 * than is of use, `needs` are the bytes that would do, for `context` tokens.
 */
export function servedContext(
  shape: KvShape,
  { context, isGiven, most, part }: Asked,
): { context: number; memoryBytes: number } | { needs: number; context: number } {
  const within = Math.min(most, part)
  const whole = leastKvBytes(shape, context)
  if (whole <= most) return { context, memoryBytes: Math.max(whole, within) }
  if (isGiven) return { needs: whole, context }
  const held = contextIn(shape, within)
  if (held >= LEAST_CONTEXT) return { context: held, memoryBytes: within }
  const least = leastKvBytes(shape, LEAST_CONTEXT)
  return least <= most
    ? { context: LEAST_CONTEXT, memoryBytes: least }
    : { needs: least, context: LEAST_CONTEXT }
}

/** The longest context of which so many bytes of cache hold two. */
function contextIn(shape: KvShape, bytes: number): number {
  const tokens = Math.floor(bytes / (2 * bytesPerToken(shape)))
  return tokens - (tokens % SIZES.stride)
}
