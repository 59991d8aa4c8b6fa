const MOST_REASON = 200

/**
 * A thrown error as one short line. The end of onnxruntime's message says why. The place in its source comes before
 * that.
 */
export function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const why = message.split(' was false. ').at(-1) ?? message
  return why.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_REASON)
}
