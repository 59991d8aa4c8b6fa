const NEWLINE = 0x0a

/** What a server-sent stream has brought so far. */
export type EventCounter = {
  /** Events with data, `[DONE]` included. */
  readonly events: number
  /** Whether the stream has said `[DONE]`. */
  readonly done: boolean
  /** Takes the next bytes, cut anywhere. @returns how many events they completed */
  read(piece: Uint8Array): number
}

/**
 * Counts the events of a stream with one line of data an event, like OpenAI's. It looks only at bytes, because other
 * parts of the benchmark run on its core: a parser would cost as much as the stub.
 */
export function countEvents(): EventCounter {
  let events = 0
  let done = false
  /** The start of a line that has not ended yet. */
  let open = ''
  return {
    get events() {
      return events
    },
    get done() {
      return done
    },
    read(piece) {
      const before = events
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
      let from = 0
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
        const line = open + bytes.toString('latin1', from, end)
        open = ''
        from = end + 1
        if (!line.startsWith('data:')) continue
        events++
        if (line.slice(5).trim() === '[DONE]') done = true
      }
      open += bytes.toString('latin1', from)
      return events - before
    },
  }
}
