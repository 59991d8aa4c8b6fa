import { TwohopError } from './errors.ts'
import type { Answer } from './fetch.ts'
import { joinBytes } from './join-bytes.ts'
import { orAborted, within } from './within.ts'

/** A request or an answer. */
type Message = Pick<Answer, 'headers' | 'body' | 'arrayBuffer'>

type Bound = {
  /** The most bytes that are read. */
  most: number
  /** Makes the error for a body that is longer. */
  tooLong: () => Error
  /** The longest that reading may take, and the error for a body that takes longer; no limit by default. */
  within?: { ms: number; tooSlow: () => Error }
  /** Called with each piece that comes, for a caller who watches whether data still arrives. */
  onPiece?: () => void
}

/**
 * Reads a whole body of at most `most` bytes. Nobody is trusted to end a body, so a longer or slower one is not read to
 * its end.
 * @throws what `tooLong` or `tooSlow` makes; what reading throws where the connection breaks
 */
export async function readBounded(message: Message, bound: Bound): Promise<Uint8Array<ArrayBuffer>> {
  const whole = wholeBody(message, bound)
  if (!bound.within) return whole ?? read(message, bound)
  const { ms, tooSlow } = bound.within
  if (whole) return within(ms, whole, tooSlow)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(tooSlow()), ms)
  try {
    return await orAborted(read(message, bound, late.signal), late.signal)
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The bytes that a body has by its `content-length`; NaN where that does not bound it. HTTP limits a body to its stated
 * length (RFC 9112, section 6.3), but not where it comes in chunks: those overrule it.
 */
export function statedBytes(headers: Answer['headers']): number {
  const stated = Number(headers.get('content-length') ?? Number.NaN)
  return headers.has('content-encoding') || headers.has('transfer-encoding') ? Number.NaN : stated
}

/**
 * A body whose length is stated, read whole, which is the runtime's fast way; undefined where it has to be read in pieces.
 * @throws what `tooLong` makes where it states too much
 */
function wholeBody(
  message: Message,
  { most, tooLong, onPiece }: Bound,
): Promise<Uint8Array<ArrayBuffer>> | undefined {
  const stated = statedBytes(message.headers)
  if (Number.isNaN(stated)) return undefined
  if (stated > most) throw tooLong()
  if (onPiece) return undefined
  return message.arrayBuffer().then((buffer) => {
    if (buffer.byteLength > most) throw tooLong()
    return new Uint8Array(buffer)
  })
}

async function read(
  message: Pick<Message, 'body'>,
  { most, tooLong, onPiece }: Bound,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of piecesOf(message.body, signal)) {
    onPiece?.()
    length += piece.length
    if (length > most) throw tooLong()
    pieces.push(piece)
  }
  return joinBytes(pieces, length)
}

/** The pieces of a stream. Whoever leaves early cancels it, also while the next piece is waited for. */
async function* piecesOf(body: ReadableStream<Uint8Array> | null, signal?: AbortSignal) {
  const reader = body?.getReader()
  if (!reader) return
  let ended = false
  try {
    for (;;) {
      const next = reader.read()
      const { done, value } = await (signal ? orAborted(next, signal) : next)
      ended = done
      if (done) return
      yield value
    }
  } finally {
    // Nobody waits for what the other side makes of it.
    if (!ended) reader.cancel().catch(() => {})
  }
}

/** The same as text. Bytes that are not UTF-8 become U+FFFD. */
export async function readBoundedText(message: Message, bound: Bound): Promise<string> {
  return new TextDecoder().decode(await readBounded(message, bound))
}

/** The same of a stream that is no message's body, such as an object in a bucket. */
export async function readBoundedStream(
  body: ReadableStream<Uint8Array>,
  bound: Omit<Bound, 'within'>,
): Promise<string> {
  return new TextDecoder().decode(await read({ body }, bound))
}

/** The most bytes of a request's body, and the most milliseconds that reading it may take. */
export type BodyBound = { most: number; timeoutMs: number }

/**
 * Reads the body that a client or the edge sends.
 * @throws TwohopError `body_too_large` or `body_timeout` as soon as that is known, the rest unread; what reading throws
 * where the connection breaks
 */
export function readBody(request: Message, { most, timeoutMs }: BodyBound): Promise<Uint8Array<ArrayBuffer>> {
  return readBounded(request, {
    most,
    tooLong: () => new TwohopError('body_too_large', `The body is larger than ${most} bytes.`),
    within: {
      ms: timeoutMs,
      tooSlow: () => new TwohopError('body_timeout', `The body did not come within ${timeoutMs} ms.`),
    },
  })
}
