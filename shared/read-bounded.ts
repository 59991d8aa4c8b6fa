/** A request or an answer. */
type Message = Pick<Response, 'headers' | 'body' | 'arrayBuffer'>

type Bound = {
  /** The most bytes that are read. */
  most: number
  /** Makes the error for a body that is longer. */
  tooLong: () => Error
  /** Called with each piece that comes, for a caller who watches whether data still arrives. */
  onPiece?: () => void
}

/**
 * Reads a whole body of at most `most` bytes. Nobody is trusted to end a body, so a longer one is not read to its end.
 * @throws what `tooLong` makes; what reading throws where the connection breaks
 */
export async function readBounded(
  message: Message,
  { most, tooLong, onPiece }: Bound,
): Promise<Uint8Array<ArrayBuffer>> {
  // HTTP limits a body to its stated length (RFC 9112, section 6.3), but not where it comes in chunks: those overrule the
  // length. To read it whole is the runtime's fast way.
  const { headers } = message
  const stated = Number(headers.get('content-length') ?? Number.NaN)
  const asStated = !headers.has('content-encoding') && !headers.has('transfer-encoding')
  if (stated <= most && asStated && !onPiece) {
    const whole = new Uint8Array(await message.arrayBuffer())
    if (whole.length > most) throw tooLong()
    return whole
  }
  const pieces: Uint8Array[] = []
  let length = 0
  // A throw out of the loop cancels the stream.
  for await (const piece of message.body ?? []) {
    onPiece?.()
    length += piece.length
    if (length > most) throw tooLong()
    pieces.push(piece)
  }
  const bytes = new Uint8Array(length)
  let place = 0
  for (const piece of pieces) {
    bytes.set(piece, place)
    place += piece.length
  }
  return bytes
}

/** The same as text. Bytes that are not UTF-8 become U+FFFD. */
export async function readBoundedText(message: Message, bound: Bound): Promise<string> {
  return new TextDecoder().decode(await readBounded(message, bound))
}
