import type { Structured } from '../../inference-host/decoding/structure/matcher.ts'
import type { Vocabulary } from '../../inference-host/decoding/structure/vocabulary.ts'
import { accepts, followed } from '../../test/fixtures/structure/drive.ts'

/** Beginnings that are tried for one value, in any order of its properties. */
const MOST_TRIES = 3000

/**
 * The text of `value` with its properties in an order in which it can be written; undefined where none is found.
 * Answers have their properties in the order of the schema, and a data set has them in any.
 */
export function orderedText(
  value: unknown,
  structured: Structured,
  vocabulary: Vocabulary,
): string | undefined {
  let tries = 0
  return spell('', value, (text) => (accepts(structured, text, vocabulary) ? text : undefined))

  /** Writes `part` after `before`, and hands the text to `next` for each order until that is content. */
  function spell(
    before: string,
    part: unknown,
    next: (text: string) => string | undefined,
  ): string | undefined {
    if (++tries > MOST_TRIES) return undefined
    if (Array.isArray(part)) return items(`${before}[`, part, next)
    if (typeof part === 'object' && part !== null) return members(`${before}{`, Object.entries(part), next)
    const text = before + JSON.stringify(part)
    return followed(structured, text, vocabulary) ? next(text) : undefined
  }

  function items(
    before: string,
    left: readonly unknown[],
    next: (text: string) => string | undefined,
  ): string | undefined {
    const [first, ...rest] = left
    if (left.length === 0) return next(`${before}]`)
    return spell(before, first, (text) => items(rest.length > 0 ? `${text}, ` : text, rest, next))
  }

  function members(
    before: string,
    left: readonly (readonly [string, unknown])[],
    next: (text: string) => string | undefined,
  ): string | undefined {
    if (left.length === 0) return next(`${before}}`)
    for (const [name, own] of left) {
      const rest = left.filter(([other]) => other !== name)
      const found = spell(`${before}${JSON.stringify(name)}: `, own, (text) =>
        members(rest.length > 0 ? `${text}, ` : text, rest, next),
      )
      if (found !== undefined) return found
    }
    return undefined
  }
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
