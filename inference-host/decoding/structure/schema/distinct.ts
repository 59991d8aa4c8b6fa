import { choice, EMPTY, type Expression, sequence, text } from '../grammar/expression.ts'
import { COMMA } from '../grammar/json-text.ts'
import { type Path, refuse, refuseNothing } from '../grammar/refusal.ts'
import { fewValues } from './scalar.ts'
import { isObject, type Schema } from './schema.ts'
import type { Scope } from './scope.ts'
import { literal } from './strings.ts'

/** Values times states that a grammar of distinct items may take. */
const MOST_STATES = 512

/**
 * Arrays without two equal items: supported for items of a known list of values. They are written in any order where these are
 * few, else in the order of the list.
 * @throws TwohopError where items are of another kind.
 */
export function distinct(
  items: Schema | undefined,
  path: Path,
  scope: Scope,
  min: number,
  max: number,
): Expression {
  const read = items === undefined ? true : scope.resolve(items)
  const listed = isObject(read) ? fewValues(read, [...path, 'items'], scope) : undefined
  const values = listed && [...new Map(listed.map((value) => [JSON.stringify(value), value])).values()]
  if (values === undefined || values.some((value) => typeof value === 'object' && value !== null))
    throw refuse(
      [...path, 'uniqueItems'],
      '"uniqueItems" is supported where "items" has few values: an "enum" of scalars, booleans, integers of a small range.',
    )
  const most = Math.min(max, values.length)
  if (min > most)
    throw refuseNothing([...path, 'minItems'], '"minItems" asks for more different items than there are.')
  const counts = most < values.length ? most : min
  const few = sets(values.length, most) <= MOST_STATES
  if (!few && values.length * (counts + 1) > MOST_STATES)
    throw refuse([...path, 'uniqueItems'], '"uniqueItems" of so many values is not supported.')
  const order = few ? ANY_ORDER : inOrder(values.length, min, most)
  return sequence(text('['), itemsOf(values, order, scope, { min, most }), text(']'))
}

/** How many items may follow after each set of less than `most` of so many values, in all. */
function sets(values: number, most: number): number {
  let [sum, ofSize] = [0, 1]
  for (let size = 0; size < most && sum <= MOST_STATES; size++) {
    sum += ofSize * (values - size)
    ofSize = (ofSize * (values - size)) / (size + 1)
  }
  return sum
}

/** An order in which values are written. What is known of those that are is a number, 0 at the beginning. */
type Order = {
  /** The same where the same may follow once `used` are written. */
  keyOf(known: number, used: number): string
  /** Whether the value at `place` may be the next. */
  mayFollow(place: number, known: number, used: number): boolean
  /** What is known once that one is written. */
  knownAfter(place: number, known: number): number
}

/** What may follow is known by which values have been written: a bit for each. */
const ANY_ORDER: Order = {
  keyOf: (written) => String(written),
  mayFollow: (place, written) => (written & (1 << place)) === 0,
  knownAfter: (place, written) => written | (1 << place),
}

/** The order of the list, of `count` values: what is known is where it goes on. */
const inOrder = (count: number, min: number, most: number): Order => ({
  keyOf: (from, used) => `${from} ${most < count ? used : Math.min(used, min)}`,
  mayFollow: (place, from, used) => place >= from && used + count - place >= min,
  knownAfter: (place) => place + 1,
})

function itemsOf(
  list: readonly unknown[],
  { keyOf, mayFollow, knownAfter }: Order,
  scope: Scope,
  { min, most }: { min: number; most: number },
): Expression {
  const made = new Map<string, Expression>()
  /** What may follow once `used` items are written. */
  function following(known: number, used: number): Expression {
    const key = keyOf(known, used)
    const present = made.get(key)
    if (present !== undefined) return present
    const rest = scope.named(() => {
      const options = used >= min ? [EMPTY] : []
      for (const [place, value] of list.entries())
        if (used < most && mayFollow(place, known, used))
          options.push(
            sequence(
              used === 0 ? EMPTY : COMMA,
              literal(value),
              following(knownAfter(place, known), used + 1),
            ),
          )
      return choice(options)
    })
    made.set(key, rest)
    return rest
  }
  return following(0, 0)
}
