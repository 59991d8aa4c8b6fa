import type { Automaton, State } from '../../inference-host/decoding/structure/automaton.ts'
import type { Vocabulary } from '../../inference-host/decoding/structure/vocabulary.ts'

/** Beginnings that are tried for one value, in any order of its properties. */
const MOST_TRIES = 100_000

/** A text, and where it leads. */
type Written = { readonly text: string; readonly state: State }
type Next = (written: Written) => string | undefined

/**
 * The text of `value` with its properties in an order in which it can be written; undefined where none is found.
 * Answers have their properties in the order of the schema, and a data set has them in any.
 */
export function orderedText(value: unknown, schema: unknown, automaton: Automaton): string | undefined {
  const orders = ordersIn(schema)
  let tries = 0
  const begin = { text: '', state: automaton.start }
  return spell(begin, value, ({ text, state }) => (state.mayEnd ? text : undefined))

  function further({ text, state }: Written, more: string): Written | undefined {
    if (++tries > MOST_TRIES) return undefined
    let to: State | null = state
    for (const byte of Buffer.from(more)) to = to && automaton.step(to, byte)
    return to === null ? undefined : { text: text + more, state: to }
  }

  /** Writes `part` after `before`, and hands what it comes to on to `next` for each order until that is content. */
  function spell(before: Written, part: unknown, next: Next): string | undefined {
    const opened = (bracket: string, write: (from: Written) => string | undefined) => {
      const open = further(before, bracket)
      return open && write(open)
    }
    if (Array.isArray(part)) return opened('[', (open) => items(open, part, next))
    if (typeof part === 'object' && part !== null)
      return opened('{', (open) => members(open, inOrder(Object.entries(part), orders), next))
    const after = further(before, JSON.stringify(part))
    return after && next(after)
  }

  function items(before: Written, left: readonly unknown[], next: Next): string | undefined {
    const [first, ...rest] = left
    return left.length === 0
      ? closed(before, ']', next)
      : spell(before, first, (after) => {
          const onward = rest.length > 0 ? further(after, ', ') : after
          return onward && items(onward, rest, next)
        })
  }

  function members(
    before: Written,
    left: readonly (readonly [string, unknown])[],
    next: Next,
  ): string | undefined {
    if (left.length === 0) return closed(before, '}', next)
    for (const [name, own] of left) {
      const rest = left.filter(([other]) => other !== name)
      const named = further(before, `${JSON.stringify(name)}: `)
      const found =
        named &&
        spell(named, own, (after) => {
          const onward = rest.length > 0 ? further(after, ', ') : after
          return onward && members(onward, rest, next)
        })
      if (found !== undefined) return found
    }
    return undefined
  }

  function closed(before: Written, bracket: string, next: Next): string | undefined {
    const after = further(before, bracket)
    return after && next(after)
  }
}

/** Members in the order of the properties that have the most names in common with them: it is tried first. */
function inOrder(
  members: readonly (readonly [string, unknown])[],
  orders: readonly ReadonlyMap<string, number>[],
): readonly (readonly [string, unknown])[] {
  const common = (order: ReadonlyMap<string, number>) => members.filter(([name]) => order.has(name)).length
  let best: ReadonlyMap<string, number> | undefined
  for (const order of orders) if (best === undefined || common(order) > common(best)) best = order
  const place = (name: string) => best?.get(name) ?? Number.MAX_SAFE_INTEGER
  return [...members].sort(([one], [two]) => place(one) - place(two))
}

/** The places of names in each `properties` within a schema; others that are required come after them. */
function ordersIn(schema: unknown): ReadonlyMap<string, number>[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties, required }: Record<string, unknown> = { ...schema }
  const declared = typeof properties === 'object' ? Object.keys(properties ?? {}) : []
  const names = new Set([...declared, ...(Array.isArray(required) ? required.map(String) : [])])
  const own = declared.length > 0 ? [new Map([...names].map((name, at) => [name, at]))] : []
  return [...own, ...Object.values(schema).flatMap(ordersIn)]
}

/** A value without the properties that `schema` declares nowhere. */
export function declaredOnly(value: unknown, schema: unknown): unknown {
  const declared = new Set(declaredIn(schema))
  return without(value)

  function without(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(without)
    if (typeof part !== 'object' || part === null) return part
    const named = Object.entries(part).filter(([name]) => declared.has(name))
    return Object.fromEntries(named.map(([name, own]) => [name, without(own)]))
  }
}

function declaredIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const own = keyword === 'properties' && typeof value === 'object' ? Object.keys(value ?? {}) : []
    return [...own, ...(keyword === 'required' ? [value].flat().map(String) : []), ...declaredIn(value)]
  })
}

/**
 * The longest tokens that `text` can be cut into, for an answer to be followed as a model would write it.
 * @throws Error where a byte has no token
 */
export function tokensOf(text: string, { tokens, ofByte }: Vocabulary): number[] {
  const byText =
    cache.get(tokens) ??
    new Map(tokens.flatMap((own, id) => (own ? [[Buffer.from(own).toString('latin1'), id]] : [])))
  cache.set(tokens, byText)
  const bytes = Buffer.from(text).toString('latin1')
  const found: number[] = []
  for (let at = 0; at < bytes.length; ) {
    let length = Math.min(LONGEST, bytes.length - at)
    while (length > 1 && !byText.has(bytes.slice(at, at + length))) length--
    const id = byText.get(bytes.slice(at, at + length)) ?? ofByte[bytes.charCodeAt(at)]
    if (id === undefined || id < 0) throw new Error(`no token for byte ${bytes.charCodeAt(at)}`)
    found.push(id)
    at += length
  }
  return found
}
const LONGEST = 16
const cache = new WeakMap<object, Map<string, number>>()

/** A schema that says no format of any text. */
export function withoutFormats(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutFormats)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(
    ([name, value]) => name !== 'format' || typeof value !== 'string',
  )
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutFormats(value)]))
}
