/**
 * How a text is written: as it reads, as JSON, where a character may be written as an escape, or as a text with JSON in it, however
 * deep: there a backslash is itself, but where it escapes a letter.
 */
export type Writing = 'plain' | 'json' | 'escaped'

/** A text as a reader sees it, and what each of its UTF-16 units was written as. */
export type Seen = { text: string; raw: string[] }

/** Reads a text that comes in pieces. */
export type SeenReader = {
  /** What more is seen. What may be the begin of a longer escape or character comes with the next piece. */
  read(piece: string): Seen
  /** The rest of a text that has ended. */
  end(): Seen
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
export function createSeenReader(writing: Writing): SeenReader {
  /** What may be the begin of a longer escape or character. */
  let open = ''
  /** Invisible characters. They belong to what follows. */
  let unseen = ''

  function seen(piece: string, ended: boolean): Seen {
    const given = open + piece
    open = ''
    if (unseen === '' && isAsSeen(given, writing)) return { text: given, raw: given.split('') }
    const raw: string[] = []
    let text = ''
    const add = (units: string, from: string) => {
      for (let i = 0; i < units.length; i++) raw.push(i === 0 ? unseen + from : '')
      text += units
      unseen = ''
    }
    for (let at = 0; at < given.length; ) {
      // Most of a text is this, and to look at each character is what takes long.
      RUN.lastIndex = at
      const run = unseen === '' ? RUN.exec(given)?.[0] : undefined
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
      if (char > '~' && INVISIBLE.test(char) && unseen.length < MOST_INVISIBLE) unseen += from
      else add(folded(char), from)
    }
    if (ended && unseen !== '') {
      raw.push(unseen)
      text += ' '
      unseen = ''
    }
    return { text, raw }
  }

  return { read: (piece) => seen(piece, false), end: () => seen('', true) }
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
  const kind = text.charAt(at + 1)
  if (kind === '') return undefined
  if (writing === 'escaped' && !/[nrtu]/.test(kind)) return plain
  if (kind !== 'u') return { char: ESCAPES[kind] ?? kind, end: at + 2 }
  const hex = text.slice(at + 2, at + 6)
  if (/^[\dA-Fa-f]{4}$/.test(hex)) return { char: String.fromCharCode(Number.parseInt(hex, 16)), end: at + 6 }
  return /^[\dA-Fa-f]*$/.test(hex) && at + 6 > text.length ? undefined : plain
}

/** A character as what it looks like; an ASCII one is itself. */
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
