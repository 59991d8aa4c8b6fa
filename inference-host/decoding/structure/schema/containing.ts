import { TwohopError } from '../../../../shared/errors.ts'
import { choice, EMPTY, type Expression, repeat, sequence, text } from '../grammar/expression.ts'
import { COMMA } from '../grammar/json-text.ts'
import { type Path, refuse, refuseNothing, saysNothing } from '../grammar/refusal.ts'
import { Containing, type Keywords, listOf, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'

/** What one array may be asked to contain. An item may be any of it at once. */
const MOST_KINDS = 3
/** States (items written, and how many are of each kind) that the grammar of one array may have. */
const MOST_STATES = 512

/** An item that is of some kinds, which count, and of none of those that must not be too many. */
type Item = { readonly kinds: readonly boolean[]; readonly written: Expression }

/**
 * Arrays of which a number of items is valid for another schema, too (`contains`, `minContains`, `maxContains`). The grammar
 * counts them: each item is one that counts, or one that does not, where that matters.
 * @throws TwohopError where it is too much to be counted, or what must not be too many cannot be told apart
 */
export function containing(schema: Keywords, path: Path, scope: Scope, min: number, max: number): Expression {
  const at = [...path, 'contains']
  const asked = severalOf(schema.contains).flatMap((one) => (one instanceof Containing ? [one] : []))
  const kinds = asked.map((one) => ({
    schema: one.schema,
    least: Number(one.min),
    most: Number(one.max ?? Number.POSITIVE_INFINITY),
  }))
  if (kinds.length > MOST_KINDS)
    throw refuse(at, `Arrays are asked to contain at most ${MOST_KINDS} kinds of items.`)
  if (kinds.some(({ least, most }) => least > most))
    throw refuseNothing([...path, 'maxContains'], '"maxContains" is less than "minContains".')
  const prefix = listOf(schema.prefixItems)
  /** From so many items on, all places are alike. */
  const last = Math.max(prefix.length, max === Number.POSITIVE_INFINITY ? Math.max(min, 1) : max)
  const caps = kinds.map(({ least, most }) => (most === Number.POSITIVE_INFINITY ? least : most))
  const states = (last + 1) * caps.reduce((product, cap) => product * (cap + 1), 1)
  if (!(states <= MOST_STATES))
    throw refuse(at, '"contains" is supported beside fewer items, or lower counts, than these.')

  /** What an item at a place may be, by the kinds that it counts for. */
  const itemsAt = new Map<number, readonly Item[]>()
  const known = new Map<string, Expression | undefined>()
  const found = following(
    0,
    kinds.map(() => 0),
  )
  if (found === undefined) throw refuseNothing(at, 'No array contains what is asked for.')
  return sequence(text('['), found, text(']'))

  /** What may follow `place` items, of which so many are of each kind; undefined where no end can be reached. */
  function following(place: number, counts: readonly number[]): Expression | undefined {
    const key = `${place} ${counts}`
    if (!known.has(key)) {
      const made = follow(place, counts)
      known.set(key, made && scope.named(() => made))
    }
    return known.get(key)
  }

  function follow(place: number, counts: readonly number[]): Expression | undefined {
    const enough = counts.every((count, kind) => count >= (kinds[kind]?.least ?? 0))
    const options: Expression[] = place >= min && enough ? [EMPTY] : []
    /** Items that lead back here. */
    const same: Expression[] = []
    const comma = place === 0 ? EMPTY : COMMA
    for (const { kinds: counted, written } of place < max ? items(place) : []) {
      const after = counts.map((count, kind) => count + Number(counted[kind]))
      // Once there are enough, what counts is one of any items.
      if (counted.some((one, kind) => one && counts[kind] === caps[kind] && kinds[kind]?.most === Infinity))
        continue
      if (after.some((count, kind) => count > (kinds[kind]?.most ?? 0))) continue
      const to = after.map((count, kind) => Math.min(count, caps[kind] ?? 0))
      const onward = Math.min(place + 1, last)
      if (onward === place && String(to) === String(counts)) {
        same.push(written)
        continue
      }
      const rest = following(onward, to)
      if (rest !== undefined) options.push(sequence(comma, written, rest))
    }
    if (options.length === 0) return undefined
    if (same.length === 0) return choice(options)
    return sequence(repeat(sequence(COMMA, choice(same)), 0, Number.POSITIVE_INFINITY), choice(options))
  }

  function items(place: number): readonly Item[] {
    const index = Math.min(place, last)
    const present = itemsAt.get(index) ?? itemsOf(index)
    itemsAt.set(index, present)
    return present
  }

  function itemsOf(place: number): Item[] {
    const own = place < prefix.length ? prefix[place] : (schema.items ?? true)
    const where = place < prefix.length ? [...path, 'prefixItems', place] : [...path, 'items']
    return subsets(kinds.length).flatMap((counted) => {
      const all = kinds.flatMap((one, kind) => {
        if (counted[kind]) return [one.schema]
        return one.most === Number.POSITIVE_INFINITY ? [] : [{ not: one.schema }]
      })
      const written = possible(all.length === 0 ? own : { allOf: [own, ...all] }, where)
      return written === undefined ? [] : [{ kinds: counted, written }]
    })
  }

  function possible(item: unknown, where: Path): Expression | undefined {
    try {
      return scope.value(item, where)
    } catch (error) {
      if (saysNothing(error)) return undefined
      if (!(error instanceof TwohopError)) throw error
      throw refuse(
        at,
        'What "contains" asks for cannot be told from the other items, or followed beside them.',
      )
    }
  }
}

/** All ways in which so many things may hold or not. */
function subsets(of: number): boolean[][] {
  const members = Array.from({ length: of }, (_, index) => index)
  return Array.from({ length: 2 ** of }, (_, bits) => members.map((member) => ((bits >> member) & 1) === 1))
}
