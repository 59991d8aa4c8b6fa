/** What a grammar allows next. Masks are packed: bit `id & 31` of word `id >> 5` is a token's, 1 is allowed. */
export type TokenConstraint = {
  /**
   * Writes the next token's mask; `remaining` tokens may still be generated, that one included. Where these are so few
   * that tokens had to be left out, it gives the mask that holds those too.
   */
  next(mask: Int32Array, remaining: number): Int32Array | undefined
  /** Is told that the likeliest token was among those left out: the answer ends here for lack of room. */
  cut(): void
  /** Takes the token that was chosen. */
  accept(id: number): void
}

/** Words that a mask of a vocabulary of `tokens` has. */
export function maskWords(tokens: number): number {
  return (tokens + 31) >> 5
}

/** The likeliest of the tokens that `mask` allows, or -1. */
export function likeliestWithin(logits: Float32Array, mask: Int32Array): number {
  let highest = Number.NEGATIVE_INFINITY
  let likeliest = -1
  for (const [id, logit] of logits.entries())
    if (logit > highest && allows(mask, id)) {
      highest = logit
      likeliest = id
    }
  return likeliest
}

/** Whether `mask` allows `token`. One beyond the mask is not allowed. */
export function allows(mask: Int32Array, token: number): boolean {
  return (((mask[token >> 5] ?? 0) >>> (token & 31)) & 1) === 1
}

/** Rules out, in place, the tokens that `mask` does not allow. A token beyond the mask is not allowed. */
export function applyMask(logits: Float32Array, mask: Int32Array): void {
  const words = maskWords(logits.length)
  for (let word = 0; word < words; word++) {
    const bits = mask[word] ?? 0
    if (bits === -1) continue
    const first = word << 5
    const end = Math.min(first + 32, logits.length)
    for (let id = first; id < end; id++)
      if (((bits >>> (id & 31)) & 1) === 0) logits[id] = Number.NEGATIVE_INFINITY
  }
}
