/** The grain of the caches, in tokens. */
export type Sizes = {
  /** Strides are multiples of this: the attention op clears a row of `stride` tokens per slot and step. */
  stride: number
  /** Sequences run together up to this length, then up to twice, four times it and so on: see `laneFor`. */
  lane: number
  /** Tokens in a block of the prefix cache. */
  block: number
}

export const SIZES: Sizes = { stride: 64, lane: 256, block: 32 }

export function roundUp(tokens: number, grain: number): number {
  return Math.ceil(tokens / grain) * grain
}

/**
 * The lane of a sequence of `tokens`, at most `context`: the most tokens that its members hold. All rows of a call are
 * as long as its longest, and all of that costs memory traffic. So sequences run beside those of at most twice their
 * length.
 */
export function laneFor(tokens: number, context: number, { lane, stride }: Sizes): number {
  let most = lane
  while (most < tokens) most *= 2
  return Math.min(most, roundUp(context, stride))
}
