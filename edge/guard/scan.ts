import type { Detector } from './detector.ts'

/** A stretch of a text: clean, or found by a rule. */
export type Stretch = { text: string; rule?: string }

/** Looks through a text that comes in pieces. */
export type Scan = {
  /** Takes the next piece and gives what is decided by now, in order. At most WINDOW characters are held back. */
  read(piece: string): Stretch[]
  /** Gives the rest of a text that has ended. */
  end(): Stretch[]
}

/**
 * A scan for what `detectors` find: the first place first, there the first detector. How a text was cut into pieces makes no
 * difference, since each place is decided by what follows it alone (see Detector), one after the other.
 */
export function createScan(detectors: readonly Detector[]): Scan {
  const detectorsAt = byCharacter(detectors)
  /** The last character that was given, which a detector may look at, and what is not decided. */
  let text = ''
  /** Where in `text` what is not decided begins: 0 or 1. */
  let from = 0

  function decide(ended: boolean): Stretch[] {
    const stretches: Stretch[] = []
    let clean = from
    let place = from
    const upTo = (end: number) => {
      if (end > clean) stretches.push({ text: text.slice(clean, end) })
    }
    while (place < text.length) {
      const found = first(detectorsAt(text.charCodeAt(place)), text, place, ended)
      if (found === 'more') break
      if (found === undefined) place++
      else {
        upTo(place)
        stretches.push({ text: text.slice(place, found.end), rule: found.rule })
        clean = place = found.end
      }
    }
    upTo(place)
    from = place > 0 ? 1 : 0
    text = text.slice(place - from)
    return stretches
  }

  return {
    read(piece) {
      text += piece
      return decide(false)
    },
    end: () => decide(true),
  }
}

const MOST_ASCII = 0x7f
const tables = new WeakMap<readonly Detector[], readonly (readonly Detector[])[]>()

/** The detectors that may find something that begins with a character. Most characters are ASCII, and looked up in a table. */
function byCharacter(detectors: readonly Detector[]): (code: number) => readonly Detector[] {
  const beginning = (code: number) => detectors.filter(({ first }) => first.test(String.fromCharCode(code)))
  const table = tables.get(detectors) ?? Array.from({ length: MOST_ASCII + 1 }, (_, code) => beginning(code))
  tables.set(detectors, table)
  return (code) => table[code] ?? beginning(code)
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
export function scanWhole(detectors: readonly Detector[], text: string): Stretch[] {
  const scan = createScan(detectors.filter(({ hint }) => hint.test(text)))
  return [...scan.read(text), ...scan.end()]
}
