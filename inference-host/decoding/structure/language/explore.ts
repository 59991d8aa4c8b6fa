import type { Alphabet } from './alphabet.ts'
import { TooLarge } from './budget.ts'
import { createDerivatives } from './derivatives.ts'
import type { Term } from './term.ts'
import type { Terms } from './terms.ts'

/** One place in a text: whether it may end here, and to which place the characters of some classes lead. */
export type Place = { readonly mayEnd: boolean; readonly onward: ReadonlyMap<number, bigint> }

/** Places that one language may have. */
const MOST_PLACES = 4096

/**
 * Every place that the texts of `start` lead through, the first one first; undefined where it has no texts. From each
 * place an end can be reached.
 * @throws TooLarge
 */
export function explore(terms: Terms, start: Term): Place[] | undefined {
  const derive = createDerivatives(terms)
  const numbers = new Map<Term, number>([[start, 0]])
  const found: Place[] = []
  for (const [from, number] of numbers) {
    if (numbers.size > MOST_PLACES) throw new TooLarge()
    const onward = new Map<number, bigint>()
    for (let symbol = 0; symbol < terms.alphabet.classes.length; symbol++) {
      const to = derive(from, symbol)
      if (to === terms.NOTHING) continue
      const place = numbers.get(to) ?? numbers.size
      numbers.set(to, place)
      onward.set(place, (onward.get(place) ?? 0n) | (1n << BigInt(symbol)))
    }
    found[number] = { mayEnd: from.nullable, onward }
  }
  return alive(found)
}

/** The UTF-16 units of the shortest text that leads through `places` to an end. */
export function fewestUnits(places: readonly Place[], alphabet: Alphabet): number {
  const units: number[] = new Array(places.length).fill(Number.POSITIVE_INFINITY)
  units[0] = 0
  const queue = [0]
  for (const place of queue)
    for (const [to, bits] of places[place]?.onward ?? []) {
      const reached = (units[place] ?? 0) + ((bits & ~alphabet.astral) === 0n ? 2 : 1)
      if (reached >= (units[to] ?? 0)) continue
      units[to] = reached
      queue.push(to)
    }
  return Math.min(...units.filter((_, place) => places[place]?.mayEnd))
}

/** Leaves out the places from which no end is reached. */
function alive(places: readonly Place[]): Place[] | undefined {
  const from: number[][] = places.map(() => [])
  for (const [place, { onward }] of places.entries()) for (const to of onward.keys()) from[to]?.push(place)
  const reached = new Set(places.flatMap(({ mayEnd }, place) => (mayEnd ? [place] : [])))
  for (const place of reached) for (const before of from[place] ?? []) reached.add(before)
  if (!reached.has(0)) return undefined
  const renumbered = new Map([...reached].sort((a, b) => a - b).map((place, number) => [place, number]))
  return [...renumbered.keys()].map((place) => {
    const { mayEnd, onward } = places[place] ?? { mayEnd: false, onward: new Map<number, bigint>() }
    const left = new Map<number, bigint>()
    for (const [to, bits] of onward) {
      const number = renumbered.get(to)
      if (number !== undefined) left.set(number, bits)
    }
    return { mayEnd, onward: left }
  })
}
