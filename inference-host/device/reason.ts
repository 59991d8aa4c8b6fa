const MOST_REASON = 200

/** What was thrown, as one short line: the end of onnxruntime's message says why; before it stands where in its source. */
export function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const why = message.split(' was false. ').at(-1) ?? message
  return why.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_REASON)
}
