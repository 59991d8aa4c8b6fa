import { PROMPT_WORDS } from '../models/words.ts'

/** Numbers from 0 up to 1 that depend only on `seed` (a linear congruential generator: Numerical Recipes, 7.1). */
export function seeded(seed: string): () => number {
  let state = [...seed].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, 7)
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

/** `count` words of one token each that depend only on `seed`, so that no two prompts share a prefix by chance. */
export function words(seed: string, count: number): string {
  const random = seeded(seed)
  return Array.from(
    { length: count },
    () => ` ${PROMPT_WORDS[Math.floor(random() * PROMPT_WORDS.length)]}`,
  ).join('')
}

/** `count` texts in random order. Their lengths are spread evenly over the magnitudes from `least` to `most` words. */
export function mixedTexts(seed: string, count: number, least: number, most: number): string[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, i) => ({ place: random(), i }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ i }) => words(`${seed} ${i}`, Math.round(least * (most / least) ** (i / (count - 1)))).trim())
}
