import type { Client } from 'undici'
import { countEvents } from './events.ts'

/** What an answer must be. Fewer bytes or events, or a status other than 200, count as an error. */
export type Expected =
  | { kind: 'answer'; leastBytes: number }
  /** `events` with data, `[DONE]` included. */
  | { kind: 'stream'; events: number }

export type Question = {
  path: string
  headers: Record<string, string>
  body: string
  expected: Expected
}

/** One answer as its caller saw it; times in milliseconds. */
export type Answer = {
  /** Why the answer counts as an error; undefined where it does not. */
  error: string | undefined
  /** From the request to its last byte. */
  tookMs: number
  /** From the request to the first byte of its body. */
  firstByteMs: number
  /** Times between two reads that brought events; one read may bring several. */
  gapsMs: number[]
  /** Events with data, `[DONE]` included; 0 of an answer that is no stream. */
  events: number
}

/** How many bytes of an answer are kept, to report an error. */
const KEPT_BYTES = 200

/**
 * Sends a request on the caller's own connection and reads the whole answer. Never rejects: failures are in `error`.
 */
export function ask(client: Client, { path, headers, body, expected }: Question): Promise<Answer> {
  return new Promise((resolve) => {
    const began = performance.now()
    const counter = countEvents()
    const gapsMs: number[] = []
    let status = 0
    let bytes = 0
    let beginning = ''
    let firstByte = Number.NaN
    let lastEvent = Number.NaN
    let sameTurn = false

    function end(failure?: Error): void {
      const tookMs = performance.now() - began
      const { events, done } = counter
      const error = failure?.message ?? wrong({ status, bytes, events, done, beginning }, expected)
      resolve({ error, tookMs, firstByteMs: firstByte - began, gapsMs, events })
    }

    client.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart() {},
        onResponseStart(_, code) {
          status = code
        },
        onResponseData(_, piece) {
          const now = performance.now()
          if (bytes === 0) firstByte = now
          bytes += piece.length
          if (beginning.length < KEPT_BYTES)
            beginning += Buffer.from(piece.subarray(0, KEPT_BYTES)).toString('latin1')
          if (expected.kind !== 'stream' || counter.read(piece) === 0) return
          // One read of the socket comes in several pieces, but in one turn of the event loop.
          if (sameTurn) return
          sameTurn = true
          queueMicrotask(() => {
            sameTurn = false
          })
          if (!Number.isNaN(lastEvent)) gapsMs.push(now - lastEvent)
          lastEvent = now
        },
        onResponseEnd: () => end(),
        onResponseError: (_, error) => end(error),
      },
    )
  })
}

type Seen = { status: number; bytes: number; events: number; done: boolean; beginning: string }

function wrong({ status, bytes, events, done, beginning }: Seen, expected: Expected): string | undefined {
  if (status !== 200) return `status ${status}: ${beginning.slice(0, KEPT_BYTES)}`
  if (expected.kind === 'answer')
    return bytes < expected.leastBytes
      ? `${bytes} bytes, not ${expected.leastBytes}: ${beginning.slice(0, KEPT_BYTES)}`
      : undefined
  if (events === expected.events && done) return undefined
  return `${events} events, not ${expected.events}${done ? '' : ', and no [DONE]'}`
}
