/** What a grammar allows next. Masks are packed: bit `id & 31` of word `id >> 5` is a token's, 1 is allowed. */
export type TokenConstraint = {
  /** Writes the next token's mask; `remaining` tokens may still be generated, that one included. */
  next(mask: Int32Array, remaining: number): void
  /** Takes the token that was chosen. */
  accept(id: number): void
}

/** Words that a mask of a vocabulary of `tokens` has. */
export function maskWords(tokens: number): number {
  return (tokens + 31) >> 5
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
