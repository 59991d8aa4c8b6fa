import type { Detector } from './detector.ts'
import { createSeenReader, isAsSeen, type Seen, type SeenReader, type Writing } from './seen.ts'

/** A stretch of a text: clean, or found by a rule. */
export type Stretch = { text: string; rule?: string }

/** Looks through a text that comes in pieces. */
export type Scan = {
  /** Takes the next piece and gives what is decided by now, in order. At most WINDOW characters are held back. */
  read(piece: string): Stretch[]
  /**
   * Gives what is held back as if the text had ended. If it goes on after all, what is found across the pause is found, and what
   * was given is not given again.
   */
  pause(): Stretch[]
  /** Gives the rest of a text that has ended. */
  end(): Stretch[]
  /** A scan that goes on from here, and reads what comes as another writing. What has come must be the same in both. */
  fork(writing: Writing): Scan
}

/** Where a scan stands. */
type Begun = {
  reader: SeenReader
  /** The last character that was given, which a detector may look at, and what is not decided. */
  text: string
  /** What each unit of `text` was written as, and empty where that was given at a pause; undefined where each is itself. */
  raw: string[] | undefined
  /** Where in `text` what is not decided begins: 0 or 1. */
  from: number
}

/**
 * A scan for what `detectors` find: the first place first, there the first detector. How a text was cut into pieces makes no
 * difference, since each place is decided by what follows it alone (see Detector), one after the other.
 */
export function createScan(
  detectors: readonly Detector[],
  writing: Writing = 'plain',
  { reader, ...before }: Begun = { reader: createSeenReader(writing), text: '', raw: undefined, from: 0 },
): Scan {
  const detectorsAt = byCharacter(detectors)
  let { text, raw, from } = before

  /** What is decided, up to where, and where what detectors may look at begins: what was found is none of it. */
  function decided(ended: boolean): { stretches: Stretch[]; place: number; begin: number } {
    const stretches: Stretch[] = []
    let clean = from
    let place = from
    let begin = 0
    let view = text
    const upTo = (end: number) => {
      if (end > clean) stretches.push({ text: written(clean, end) })
    }
    while (place < text.length) {
      const found = first(detectorsAt(text.charCodeAt(place)), view, place - begin, ended)
      if (found === 'more') break
      if (found === undefined) place++
      else {
        upTo(place)
        const end = begin + found.end
        stretches.push({ text: written(place, end), rule: found.rule })
        clean = place = begin = end
        view = text.slice(end)
      }
    }
    upTo(place)
    return { stretches, place, begin }
  }

  function take(ended: boolean): Stretch[] {
    if (ended) add(reader.end())
    const { stretches, place, begin } = decided(ended)
    from = place > begin ? 1 : 0
    text = text.slice(place - from)
    raw = raw?.slice(place - from)
    return stretches
  }

  const written = (begin: number, end: number) =>
    raw ? raw.slice(begin, end).join('') : text.slice(begin, end)

  function add(more: Seen): void {
    if (text === '') raw = more.raw
    else if (raw || more.raw) raw = (raw ?? text.split('')).concat(more.raw ?? more.text.split(''))
    text += more.text
  }

  return {
    read(piece) {
      add(reader.read(piece))
      return take(false)
    },
    pause() {
      add(reader.end())
      const { stretches } = decided(true)
      raw = (raw ?? text.split('')).map((unit, i) => (i < from ? unit : ''))
      return stretches
    },
    end: () => take(true),
    fork: (other) => createScan(detectors, other, { reader: reader.fork(other), text, raw, from }),
  }
}

const tables = new WeakMap<readonly Detector[], (readonly Detector[])[]>()
const NONE: readonly Detector[] = []

/** The detectors that may find something that begins with a character, found out once for each that occurs. */
function byCharacter(detectors: readonly Detector[]): (code: number) => readonly Detector[] {
  const table = tables.get(detectors) ?? []
  tables.set(detectors, table)
  function beginning(code: number): readonly Detector[] {
    const those = detectors.filter((detector) => detector.first.test(String.fromCharCode(code)))
    return those.length > 0 ? those : NONE
  }
  return (code) => (table[code] ??= beginning(code))
}

function first(
  detectors: readonly Detector[],
  text: string,
  place: number,
  ended: boolean,
): { end: number; rule: string } | 'more' | undefined {
  for (const { rule, at } of detectors) {
    const end = at(text, place, ended)
    if (end === 'more') return end
    if (end !== undefined) return { end, rule }
  }
  return undefined
}

/** The stretches of a whole text. */
export function scanWhole(
  detectors: readonly Detector[],
  text: string,
  writing: Writing = 'plain',
): Stretch[] {
  const seen = seenWhole(text, writing)
  const asked = detectors.filter(({ hint }) => hint.test(seen))
  if (asked.length === 0) return text === '' ? [] : [{ text }]
  const scan = createScan(asked, writing)
  return [...scan.read(text), ...scan.end()]
}

/** A whole text as a reader sees it. */
export function seenWhole(text: string, writing: Writing): string {
  if (isAsSeen(text, writing)) return text
  const reader = createSeenReader(writing)
  return reader.read(text).text + reader.end().text
}
