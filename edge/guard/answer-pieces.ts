import type { Choice } from './choices.ts'

/** Bytes of a character in UTF-8. Half of a pair becomes a character of three. */
export function bytesOf(char: string): number {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

/** A piece of a text behind the one before it, and how many characters of the text there are up to its end. */
export type Piece = { text: string; end: number }

/** A text that grows, in pieces for whoever judges it. How it was cut before makes no difference. */
export type Pieces = {
  /** Characters that have come. */
  readonly length: number
  /** Takes more of the text. @returns each piece that is whole */
  add(text: string): Piece[]
  /** The last piece, where there is one. */
  rest(): Piece[]
}

/** @param every characters of a piece, @param half the most bytes of one */
export function createPieces({ every, half }: { every: number; half: number }): Pieces {
  let before = ''
  let open = ''
  let bytes = 0
  let length = 0
  /** Half of a pair, whose other half may come. */
  let begun = ''

  function piece(): Piece {
    const text = before + open
    before = open
    open = ''
    bytes = 0
    return { text, end: length }
  }

  function take(text: string): Piece[] {
    const pieces: Piece[] = []
    for (const char of text) {
      const more = bytesOf(char)
      if (open !== '' && (bytes + more > half || open.length + char.length > every)) pieces.push(piece())
      open += char
      bytes += more
      length += char.length
    }
    return pieces
  }

  return {
    get length() {
      return length + begun.length
    },
    add(text) {
      const all = begun + text
      begun = /[\ud800-\udbff]$/.exec(all)?.[0] ?? ''
      return take(all.slice(0, all.length - begun.length))
    },
    rest() {
      const pieces = take(begun)
      begun = ''
      return open === '' ? pieces : [...pieces, piece()]
    },
  }
}

/** All that a choice says: its text, the names of its calls and their arguments. */
export function saidBy({ text, message, delta }: Choice): string {
  const spoken = message ?? delta
  const calls = (spoken?.tool_calls ?? []).map(
    ({ function: of }) => `${of?.name ?? ''}${of?.arguments ?? ''}`,
  )
  return `${text ?? ''}${spoken?.content ?? ''}${calls.join('')}`
}

/** A choice of which no more than the first characters that it says may leave, in the order of `saidBy`. */
export function saidUpTo(choice: Choice, most: number): Choice {
  let left = most
  const upTo = (said: string) => {
    const part = said.slice(0, left)
    left -= part.length
    return part
  }
  const { text, message, delta, ...rest } = choice
  const cut = (spoken: NonNullable<Choice['message']>): typeof spoken => {
    const { content, tool_calls: calls, ...other } = spoken
    const own = content == null ? content : upTo(content)
    const kept: NonNullable<typeof calls> = []
    for (const call of calls ?? []) {
      const { name, arguments: given, ...more } = call.function ?? {}
      // Half a name is none.
      if (left <= 0 || (name ?? '').length > left) break
      upTo(name ?? '')
      kept.push({ ...call, function: { ...more, name, arguments: upTo(given ?? '') } })
    }
    return { ...other, content: own, ...(kept.length > 0 && { tool_calls: kept }) }
  }
  return {
    ...rest,
    ...(text !== undefined && { text: upTo(text) }),
    ...(message && { message: cut(message) }),
    ...(delta && { delta: cut(delta) }),
  }
}
