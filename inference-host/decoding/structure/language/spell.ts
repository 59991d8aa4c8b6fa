import { has, of, union, without } from '../grammar/characters.ts'
import { DONE } from '../grammar/program.ts'
import { type Move, movesBy, sharedStates, spellings } from '../grammar/utf8.ts'
import type { Alphabet } from './alphabet.ts'
import type { Budget } from './budget.ts'
import type { Place } from './explore.ts'

/** How characters are written. */
export type Spelling = {
  /** What stands before and after the text: one ASCII character, or none. */
  readonly quote: string
  /** Characters that are written otherwise, each as ASCII. */
  readonly escapes: ReadonlyMap<string, string>
}

/** What a character's moves take, as part of the budget. */
const MOVE_STEPS = 4

/**
 * The moves by bytes (as `Node` of a program has them) of the texts that lead through `places`. The empty text is left
 * out, unless it is quoted.
 */
export function spell(
  places: readonly Place[],
  alphabet: Alphabet,
  { quote, escapes }: Spelling,
  budget: Budget,
): number[][] {
  const moves: number[][] = []
  const state = sharedStates(moves)
  const spelled = new Map<bigint, readonly (readonly (readonly [number, number])[])[]>()
  const otherwise = of([...escapes.keys()].join(''))
  const quoted = quote === '' ? 0 : 1
  const close = quote.charCodeAt(0)

  /** How the characters of some classes are written, as ranges of bytes. */
  function written(bits: bigint): readonly (readonly (readonly [number, number])[])[] {
    const known = spelled.get(bits)
    if (known !== undefined) return known
    const classes = alphabet.classes.filter((_, symbol) => ((bits >> BigInt(symbol)) & 1n) === 1n)
    const characters = union(...classes)
    const special = [...escapes].filter(([char]) => has(characters, char.charCodeAt(0)))
    const found = [
      ...spellings(special.length === 0 ? characters : without(characters, otherwise)),
      ...special.map(([, text]) => [...text].map((one) => [one.charCodeAt(0), one.charCodeAt(0)] as const)),
    ]
    spelled.set(bits, found)
    return found
  }

  if (quoted === 1) moves.push([close, close, 1])
  for (const _ of places) moves.push([])
  for (const [place, { mayEnd, onward }] of places.entries()) {
    const all: Move[] = []
    for (const [to, bits] of onward) {
      // Where nothing has to follow, the last character is also the end.
      const ends = quoted === 0 && places[to]?.mayEnd === true
      for (const target of ends ? [to, DONE] : [to + quoted])
        for (const bytes of written(bits)) {
          budget.spend(MOVE_STEPS)
          all.push({ bytes, to: target })
        }
    }
    const end = quoted === 1 && mayEnd ? [close, close, DONE] : []
    moves[place + quoted] = [...end, ...movesBy(all, state)]
  }
  return moves
}
