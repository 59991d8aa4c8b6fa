import { classOf, type Detector, isWhole, WINDOW } from './detector.ts'

/** What a word is made of. Marks belong to the letter before them. */
const WORD = /[\p{L}\p{N}\p{M}]/u
/** Scripts that put no spaces between words, so that a word may stand anywhere. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u
const SPACE = /\s/

/** What may follow, by its folded unit, and whether a word ends here. So a place is looked at once for all words. */
type Node = { next: Map<string, Node>; ends: boolean }
const node = (): Node => ({ next: new Map(), ends: false })

/**
 * Words and phrases of a list, whole ones, whatever their capitals. Characters that look alike count as the same, a
 * space as any white space, and what is invisible not at all (see seen.ts).
 */
export function words(rule: string, list: readonly string[]): Detector {
  const root = node()
  for (const word of list) {
    let at = root
    for (const unit of folded(word.trim().replace(/\s+/g, ' ')).split('')) {
      const next = at.next.get(unit) ?? node()
      at.next.set(unit, next)
      at = next
    }
    at.ends = at !== root
  }
  return {
    rule,
    // Looking for the words is what is to be saved, so there is no shorter look.
    hint: /\S/,
    first: new RegExp(`[${[...root.next.keys()].map(escaped).join('')}]|[^\\u0000-\\u007f]`, 'i'),
    at(text, place, ended) {
      if (place > 0 && goesOn(text.charAt(place - 1), text.charAt(place))) return undefined
      return endOf(root, text, place, ended)
    },
  }
}

const escaped = (char: string) => char.replace(/[\\\]^-]/, '\\$&')
// Taken apart, so that a letter with a mark is the same however it was written.
const folded = (text: string) => text.normalize('NFKD').toLowerCase().normalize('NFKD')
const isSpace = classOf(SPACE)
const isWord = classOf(WORD)
const isUnspaced = classOf(UNSPACED)

/** Whether a word goes on from one unit to the next. */
function goesOn(before: string, after: string): boolean {
  return isWord(before) && isWord(after) && !isUnspaced(before) && !isUnspaced(after)
}

/** Where the longest word ends that begins at `place`; it must not go on there. */
function endOf(root: Node, text: string, place: number, ended: boolean): number | 'more' | undefined {
  const most = Math.min(text.length, place + WINDOW)
  const whole = isWhole(text, place, ended)
  let at: Node | undefined = root
  let next = place
  let longest: number | undefined
  while (next < most) {
    const units = unitsOf(text.charAt(next))
    at = follow(at, units)
    if (!at) return longest
    next++
    if (units === ' ') while (next < most && isSpace(text.charAt(next))) next++
    if (next >= most) break
    if (at.ends && !goesOn(text.charAt(next - 1), text.charAt(next))) longest = next
  }
  if (!whole) return 'more'
  return at.ends ? next : longest
}

/** A UTF-16 unit of a text as the lists have it. To fold it is what takes long, so it is done once for each that occurs. */
const known: string[] = []
const unitsOf = (char: string) => (known[char.charCodeAt(0)] ??= isSpace(char) ? ' ' : folded(char))

/** Where a character leads. */
function follow(from: Node, units: string): Node | undefined {
  if (units.length === 1) return from.next.get(units)
  let at: Node | undefined = from
  for (const unit of units.split('')) at = at?.next.get(unit)
  return at
}
