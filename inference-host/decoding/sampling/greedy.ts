/** The id of the highest logit, the first where several are; -1 where none is above negative infinity. */
export function argmax(logits: Float32Array): number {
  let highest = Number.NEGATIVE_INFINITY
  let id = -1
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] ?? Number.NEGATIVE_INFINITY
    if (logit > highest) {
      highest = logit
      id = i
    }
  }
  return id
}
