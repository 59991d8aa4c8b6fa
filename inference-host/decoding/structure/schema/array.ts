import { EMPTY, type Expression, optional, repeat, sequence, text } from '../grammar/expression.ts'
import { ANY_VALUE, array, COMMA } from '../grammar/json-text.ts'
import { type Path, refuse, refuseNothing, saysNothing } from '../grammar/refusal.ts'
import { containing } from './containing.ts'
import { distinct } from './distinct.ts'
import { maybeSchemaAt } from './keywords.ts'
import { isObject, type Keywords, listOf } from './schema.ts'
import type { Scope } from './scope.ts'

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
