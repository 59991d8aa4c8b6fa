import type { Choice } from './choices.ts'

/** Bytes of a character in UTF-8. Half of a pair becomes a character of three. */
export function bytesOf(char: string): number {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

/** A text that grows, in pieces for whoever judges it. */
export type Pieces = {
  /** Characters that have come, and those that are in pieces. */
  readonly length: number
  readonly given: number
  /** Takes more of the text. @returns each piece that is whole, behind the one before it */
  add(text: string): string[]
  /** The last piece, where there is one. */
  rest(): string[]
}

/** @param every characters of a piece, @param half the most bytes of one */
export function createPieces({ every, half }: { every: number; half: number }): Pieces {
  let before = ''
  let open = ''
  let bytes = 0
  let length = 0

  function piece(): string {
    const given = before + open
    before = open
    open = ''
    bytes = 0
    return given
  }

  return {
    get length() {
      return length
    },
    get given() {
      return length - open.length
    },
    add(text) {
      const pieces: string[] = []
      for (const char of text) {
        const more = bytesOf(char)
        if (open !== '' && (bytes + more > half || open.length + char.length > every)) pieces.push(piece())
        open += char
        bytes += more
        length += char.length
      }
      return pieces
    },
    rest: () => (open === '' ? [] : [piece()]),
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
