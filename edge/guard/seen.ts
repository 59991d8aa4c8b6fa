/**
 * How a text is written: as it reads, as JSON, where a character may be written as an escape, or as a text with JSON in it, however
 * deep: there backslashes are themselves, but where they escape something.
 */
export type Writing = 'plain' | 'json' | 'escaped'

/** A text as a reader sees it, and what each of its UTF-16 units was written as; undefined where each is itself. */
export type Seen = { text: string; raw: string[] | undefined }

/** Reads a text that comes in pieces. */
export type SeenReader = {
  /** What more is seen. What may be the begin of a longer escape or character comes with the next piece. */
  read(piece: string): Seen
  /** The rest of a text that has ended. */
  end(): Seen
  /** A reader that goes on from here, for a text that is written otherwise from here on. */
  fork(writing: Writing): SeenReader
}

/** What is not seen in a text and may hide a word: soft hyphens, zero-width characters, joiners, marks of direction. */
const INVISIBLE = /^\p{Default_Ignorable_Code_Point}$/u
/** So many in a row are passed over. The next one counts as a character, so that little is held back for them. */
const MOST_INVISIBLE = 16
const NOT_PLAIN = /[^\t\n\r -~]/
/** What is seen as it is written, however it is. */
const RUN = /[\t\n\r -[\]-~]+/y

/** Whether a text is seen as it is written. */
export const isAsSeen = (text: string, writing: Writing) =>
  !NOT_PLAIN.test(text) && (writing === 'plain' || !text.includes('\\'))

/**
 * A reader that folds what looks alike (NFKC, digits of all scripts) and passes over what nobody sees. It works character by
 * character, so how a text was cut makes no difference.
 */
export function createSeenReader(writing: Writing, before = { open: '', unseen: '' }): SeenReader {
  /** What may be the begin of a longer escape or character, and invisible characters, which belong to what follows. */
  let { open, unseen } = before

  function seen(piece: string, ended: boolean): Seen {
    const given = open + piece
    open = ''
    if (unseen === '' && isAsSeen(given, writing)) return { text: given, raw: undefined }
    const raw: string[] = []
    let text = ''
    const add = (units: string, from: string) => {
      raw.push(unseen === '' ? from : unseen + from)
      for (let i = 1; i < units.length; i++) raw.push('')
      text += units
      unseen = ''
    }
    for (let at = 0; at < given.length; ) {
      // Most of a text is this, and to look at each character is what takes long.
      RUN.lastIndex = at
      const run = unseen === '' && given.charCodeAt(at) < 0x80 ? RUN.exec(given)?.[0] : undefined
      if (run !== undefined) {
        for (let i = 0; i < run.length; i++) raw.push(run.charAt(i))
        text += run
        at += run.length
        continue
      }
      const next = characterAt(given, at, writing)
      if (next === undefined && !ended) {
        open = given.slice(at)
        break
      }
      const { char, end } = next ?? { char: given.charAt(at), end: at + 1 }
      const from = given.slice(at, end)
      at = end
      const looks = looksLike(char)
      if (looks === '' && unseen.length < MOST_INVISIBLE) unseen += from
      else add(looks === '' ? folded(char) : looks, from)
    }
    if (ended && unseen !== '') {
      raw.push(unseen)
      text += ' '
      unseen = ''
    }
    return { text, raw }
  }

  return {
    read: (piece) => seen(piece, false),
    end: () => seen('', true),
    fork: (other) => createSeenReader(other, { open, unseen }),
  }
}

type Character = { char: string; end: number }

/** The character at a place, also where it takes two escapes; undefined where more text may make it another one. */
function characterAt(text: string, at: number, writing: Writing): Character | undefined {
  const first = unitAt(text, at, writing)
  if (!first || !isHigh(first.char)) return first
  const second = unitAt(text, first.end, writing)
  if (!second) return undefined
  return isLow(second.char) ? { char: first.char + second.char, end: second.end } : first
}

const isHigh = (unit: string) => unit >= '\ud800' && unit <= '\udbff'
const isLow = (unit: string) => unit >= '\udc00' && unit <= '\udfff'

/** In a text with JSON in it so many of them escape one letter: JSON in JSON has two, JSON in that four. */
const MOST_BACKSLASHES = 8

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '/': '/',
  '\\': '\\',
}

/** The UTF-16 unit at a place; undefined where it is not known yet. */
function unitAt(text: string, at: number, writing: Writing): Character | undefined {
  if (at >= text.length) return undefined
  const char = text.charAt(at)
  const plain = { char, end: at + 1 }
  if (writing === 'plain' || char !== '\\') return plain
  let letter = at + 1
  if (writing === 'escaped') while (letter < at + MOST_BACKSLASHES && text.charAt(letter) === '\\') letter++
  const kind = text.charAt(letter)
  if (kind === '') return undefined
  const end = letter + 1
  if (writing === 'escaped' && (kind === '\\' || !(kind === 'u' || kind in ESCAPES))) return plain
  if (kind !== 'u') return { char: ESCAPES[kind] ?? kind, end }
  const hex = text.slice(end, end + 4)
  if (/^[\dA-Fa-f]{4}$/.test(hex))
    return { char: String.fromCharCode(Number.parseInt(hex, 16)), end: end + 4 }
  return /^[\dA-Fa-f]*$/.test(hex) && end + 4 > text.length ? undefined : plain
}

/** What characters look like. Texts of a script have few, and to find it out is what takes long. */
const looked = new Map<string, string>()
const MOST_LOOKED = 10_000

/** A character as what it looks like; empty for one that nobody sees. */
function looksLike(char: string): string {
  if (char <= '~') return char
  const before = looked.get(char)
  if (before !== undefined) return before
  if (looked.size >= MOST_LOOKED) looked.clear()
  const looks = INVISIBLE.test(char) ? '' : folded(char)
  looked.set(char, looks)
  return looks
}

/** A character as what it is without what only looks otherwise; an ASCII one is itself. */
function folded(char: string): string {
  if (char < '\u0080') return char
  const same = char.normalize('NFKC')
  return /^\p{Nd}$/u.test(same) && same > '9' ? digitOf(same) : same
}

/** The value of a digit of any script: each has its ten in a row, from zero on. */
function digitOf(char: string): string {
  const code = char.codePointAt(0) ?? 0
  let value = 0
  while (value < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(code - value - 1))) value++
  return String(value)
}
