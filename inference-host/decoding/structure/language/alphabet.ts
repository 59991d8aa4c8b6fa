import { type CharacterSet, LAST } from '../grammar/characters.ts'
import type { Budget } from './budget.ts'

/**
 * Characters in classes, such that no set of a pattern tells two of one class apart. What follows a text is then the
 * same for all characters of a class.
 */
export type Alphabet = {
  readonly classes: readonly CharacterSet[]
  /** The classes that a set is made of, as bits. It has to be one of the sets that the alphabet was made of. */
  bitsOf(set: CharacterSet): bigint
  /** Whether it was made of this set too. */
  knows(set: CharacterSet): boolean
  /** The class of a character, or -1. */
  classOf(point: number): number
  /**
   * Classes as bits of a small number, of which each stands for one class, or for several where there are more than 31.
   * `some`: it is set where any of them is given; `every`: where all of them are.
   */
  some(bits: bigint): number
  every(bits: bigint): number
  /** The bits of all classes. */
  readonly all: bigint
  /** The bits of the classes beyond the basic plane, of two UTF-16 units each. */
  readonly astral: bigint
}

/** Bits of a small number that are not its sign. */
const SMALL_BITS = 31

const ASTRAL: CharacterSet = [[0x10000, LAST]]

/** Cuts `universe` into the classes that `sets` tell apart. */
export function createAlphabet(
  sets: readonly CharacterSet[],
  universe: CharacterSet,
  budget: Budget,
): Alphabet {
  // The same property of Unicode is the same object wherever it is named.
  const inputs = new Set([...sets, universe, ASTRAL])
  for (const set of inputs) budget.spend(set.length)
  const keys = new Map([...inputs].map((set) => [set, set.join()]))
  const keyOf = (set: CharacterSet) => keys.get(set) ?? set.join()
  const distinct = [...new Map([...inputs].map((set) => [keyOf(set), set])).values()]
  const edges = new Set([0])
  for (const set of distinct) for (const [first, last] of set) edges.add(first).add(last + 1)
  const starts = [...edges].filter((edge) => edge <= LAST).sort((a, b) => a - b)
  const owners: bigint[] = new Array(starts.length).fill(0n)
  for (const [index, set] of distinct.entries()) {
    let at = 0
    for (const [first, last] of set) {
      while ((starts[at] ?? LAST) < first) at++
      for (; at < starts.length && (starts[at] ?? LAST) <= last; at++)
        owners[at] = (owners[at] ?? 0n) | (1n << BigInt(index))
    }
  }
  const isOf = (owned: bigint, index: number) => ((owned >> BigInt(index)) & 1n) === 1n
  const inUniverse = distinct.findIndex((set) => keyOf(set) === keyOf(universe))
  const groups = new Map<bigint, [number, number][]>()
  for (const [at, first] of starts.entries()) {
    const owned = owners[at] ?? 0n
    if (!isOf(owned, inUniverse)) continue
    const last = (starts[at + 1] ?? LAST + 1) - 1
    const ranges = groups.get(owned) ?? []
    const before = ranges.at(-1)
    if (before !== undefined && before[1] + 1 === first) before[1] = last
    else ranges.push([first, last])
    groups.set(owned, ranges)
  }
  const classes = [...groups.values()]
  const bits = new Map<string, bigint>()
  for (const [index, set] of distinct.entries()) {
    let sum = 0n
    for (const [place, owned] of [...groups.keys()].entries())
      if (isOf(owned, index)) sum |= 1n << BigInt(place)
    bits.set(keyOf(set), sum)
  }
  const all = (1n << BigInt(classes.length)) - 1n
  const some = (given: bigint) => {
    let sum = 0
    for (let place = 0; place < classes.length; place++)
      if (((given >> BigInt(place)) & 1n) === 1n) sum |= 1 << (place % SMALL_BITS)
    return sum
  }
  return {
    classes,
    bitsOf(set) {
      const found = bits.get(keyOf(set))
      if (found === undefined) throw new Error('a set that is not in the alphabet')
      return found
    },
    knows: (set) => bits.has(keyOf(set)),
    classOf: (point) =>
      classes.findIndex((ranges) => ranges.some(([first, last]) => first <= point && point <= last)),
    some,
    every: (given) => some(all) & ~some(all & ~given),
    all,
    astral: bits.get(keyOf(ASTRAL)) ?? 0n,
  }
}
