import { choice, EMPTY, type Expression, sequence, text } from '../expression.ts'
import { COMMA } from '../json-text.ts'
import { type Path, refuse, refuseNothing } from '../refusal.ts'
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
  const write = sets(values.length, most) <= MOST_STATES ? inAnyOrder : inOrder
  if (write === inOrder && values.length * (counts + 1) > MOST_STATES)
    throw refuse([...path, 'uniqueItems'], '"uniqueItems" of so many values is not supported.')
  return sequence(text('['), write(values, scope, min, most), text(']'))
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

/** What may follow is known by which values have been written: a bit for each. */
function inAnyOrder(list: readonly unknown[], scope: Scope, min: number, most: number): Expression {
  const known = new Map<number, Expression>()

  function following(written: number, used: number): Expression {
    const present = known.get(written)
    if (present !== undefined) return present
    const made = scope.named(() => {
      const options = used >= min ? [EMPTY] : []
      for (const [place, value] of list.entries())
        if (used < most && (written & (1 << place)) === 0)
          options.push(
            sequence(used === 0 ? EMPTY : COMMA, literal(value), following(written | (1 << place), used + 1)),
          )
      return choice(options)
    })
    known.set(written, made)
    return made
  }
  return following(0, 0)
}

function inOrder(list: readonly unknown[], scope: Scope, min: number, most: number): Expression {
  const known = new Map<string, Expression>()
  /** What may follow once `used` items of the values before `from` are written. */
  function following(from: number, used: number): Expression {
    const key = `${from} ${most < list.length ? used : Math.min(used, min)}`
    const present = known.get(key)
    if (present !== undefined) return present
    const made = scope.named(() => {
      const options = used >= min ? [EMPTY] : []
      for (let place = from; used < most && place < list.length; place++)
        if (used + list.length - place >= min)
          options.push(
            sequence(used === 0 ? EMPTY : COMMA, literal(list[place]), following(place + 1, used + 1)),
          )
      return choice(options)
    })
    known.set(key, made)
    return made
  }
  return following(0, 0)
}
