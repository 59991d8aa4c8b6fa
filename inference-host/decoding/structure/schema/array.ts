import { choice, EMPTY, type Expression, optional, repeat, sequence, text } from '../expression.ts'
import { ANY_VALUE, array, COMMA } from '../json-text.ts'
import { type Path, refuse, refuseNothing, saysNothing } from '../refusal.ts'
import { containing } from './containing.ts'
import { maybeSchemaAt } from './keywords.ts'
import { fewValues } from './scalar.ts'
import { isObject, type Keywords, listOf, type Schema } from './schema.ts'
import type { Scope } from './scope.ts'
import { literal } from './strings.ts'

/** Values of a set of distinct items, and states (values times counts) that its grammar may take. */
const MOST_STATES = 512

/** Arrays. @throws TwohopError */
export function arrayOf(schema: Keywords, path: Path, scope: Scope): Expression {
  const end = listOf(schema.prefixItems).indexOf(false)
  const max = Math.min(...[schema.maxItems ?? [], end < 0 ? [] : end].flat().map(Number))
  // Who describes a tuple and says nothing of its length means all of it.
  const min = Number(schema.minItems ?? Math.min(listOf(schema.prefixItems).length, max))
  if (min > max) throw refuseNothing([...path, 'maxItems'], '"maxItems" is less than "minItems".')
  if (max === 0 && schema.contains === undefined) return text('[]')
  const unique = schema.uniqueItems === true && max > 1
  if (schema.contains !== undefined) {
    if (unique) throw refuse([...path, 'uniqueItems'], '"uniqueItems" beside "contains" is not supported.')
    return containing(schema, path, scope, min, max)
  }
  if (Array.isArray(schema.prefixItems)) {
    if (unique) throw refuse([...path, 'uniqueItems'], '"uniqueItems" beside "prefixItems" is not supported.')
    return tuple(schema, path, scope, min, max)
  }
  const { items } = schema
  if (items === false) {
    if (min > 0)
      throw refuseNothing([...path, 'minItems'], '"minItems" asks for items, and none are allowed.')
    return text('[]')
  }
  if (unique) return distinct(maybeSchemaAt(items, [...path, 'items']), path, scope, min, max)
  if (items === undefined) return array(ANY_VALUE, min, max)
  try {
    return array(scope.value(items, [...path, 'items']), min, max)
  } catch (error) {
    if (!saysNothing(error) || min > 0) throw error
    return text('[]')
  }
}

function tuple(schema: Keywords, path: Path, scope: Scope, min: number, max: number): Expression {
  const prefix = listOf(schema.prefixItems).slice(0, max)
  const { items } = schema
  // The schema does not describe the items after the prefix, so none are written unless they have to be.
  const rest = isObject(items) || (items !== false && min > prefix.length)
  if (!rest && min > prefix.length)
    throw refuseNothing([...path, 'minItems'], '"minItems" asks for more items than are allowed.')
  let tail = EMPTY
  if (rest && max > prefix.length) {
    const item = isObject(items) ? scope.value(items, [...path, 'items']) : ANY_VALUE
    tail = repeat(sequence(COMMA, item), Math.max(0, min - prefix.length), max - prefix.length)
  }
  for (let place = prefix.length - 1; place >= 0; place--) {
    const own = scope.value(prefix[place], [...path, 'prefixItems', place])
    const whole = sequence(place === 0 ? EMPTY : COMMA, own, tail)
    tail = place < min ? whole : optional(whole)
  }
  return sequence(text('['), tail, text(']'))
}

/**
 * Arrays without two equal items: supported for items of a known list of values, written in the order of the list.
 * @throws TwohopError where items are of another kind.
 */
function distinct(items: Schema | undefined, path: Path, scope: Scope, min: number, max: number): Expression {
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
  if (values.length * (counts + 1) > MOST_STATES)
    throw refuse([...path, 'uniqueItems'], '"uniqueItems" of so many values is not supported.')

  const list: readonly unknown[] = values
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
  return sequence(text('['), following(0, 0), text(']'))
}
