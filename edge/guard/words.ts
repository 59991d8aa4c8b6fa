import { type Detector, isWhole, WINDOW } from './detector.ts'

const WORD = /[\p{L}\p{N}]/u
const SPACE = /\s/
/** What is not seen in a text and may hide a word: soft hyphens, zero-width spaces and joiners, byte order marks. */
const INVISIBLE = /[\u00ad\u200b-\u200d\u2060\ufeff]/

/** The most characters of a word or phrase of a list. */
export const LONGEST_WORD = 100

/**
 * Words and phrases of a list, whole ones, whatever their capitals. Compatible characters count as the same (NFKC), a
 * space as any white space, and what is invisible not at all.
 */
export function words(rule: string, list: readonly string[]): Detector {
  /** Folded words by their first character. */
  const byFirst = new Map<string, string[]>()
  for (const word of list) {
    const one = folded(word.trim().replace(/\s+/g, ' '))
    const first = one.charAt(0)
    if (first !== '') byFirst.set(first, [...(byFirst.get(first) ?? []), one])
  }
  return {
    rule,
    // Looking for the words is what is to be saved, so there is no shorter look.
    hint: /\S/,
    first: new RegExp(`[${[...byFirst.keys()].map(escaped).join('')}]|[^\\u0000-\\u007f]`, 'i'),
    at(text, place, ended) {
      if (place > 0 && WORD.test(text.charAt(place - 1)) && WORD.test(text.charAt(place))) return undefined
      let undecided = false
      let longest: number | undefined
      for (const word of byFirst.get(folded(text.charAt(place)).charAt(0)) ?? []) {
        const end = endOf(word, text, place, ended)
        if (end === 'more') undecided = true
        else if (end !== undefined && end > (longest ?? 0)) longest = end
      }
      return undecided ? 'more' : longest
    },
  }
}

const escaped = (char: string) => char.replace(/[\\\]^-]/, '\\$&')
const folded = (text: string) => text.normalize('NFKC').toLowerCase()

/** Where a folded word ends that begins at `place`; it must not go on there. */
function endOf(word: string, text: string, place: number, ended: boolean): number | 'more' | undefined {
  const most = Math.min(text.length, place + WINDOW)
  let at = 0
  let next = place
  while (next < most && at < word.length) {
    const char = text.charAt(next)
    if (INVISIBLE.test(char)) next++
    else if (word.charAt(at) === ' ' && SPACE.test(char)) {
      at++
      while (next < most && (SPACE.test(text.charAt(next)) || INVISIBLE.test(text.charAt(next)))) next++
      if (next === most && !isWhole(text, place, ended)) return 'more'
    } else {
      const same = folded(char)
      if (!word.startsWith(same, at)) return undefined
      at += same.length
      next++
    }
  }
  const over = next >= most
  if (over && !isWhole(text, place, ended)) return 'more'
  if (at < word.length) return undefined
  return !over && WORD.test(text.charAt(next)) && WORD.test(word.charAt(word.length - 1)) ? undefined : next
}
