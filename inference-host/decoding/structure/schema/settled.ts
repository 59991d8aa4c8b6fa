import type { Path } from '../grammar/refusal.ts'
import { neverBoth } from './excludes.ts'
import { implies } from './implies.ts'
import { readSchema } from './keywords.ts'
import { merge } from './merge.ts'
import { namesIn } from './negation.ts'
import { isObject, isSchema, type Keywords, listOf, type Schema, Several, severalOf } from './schema.ts'

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

/**
 * The schema without those of its choices that what stands beside them has decided: an `anyOf` of which one option holds
 * anyway, and options that cannot hold. So choices that speak of the same properties are not written out one by another.
 * Undefined where nothing is left of a choice. Where nothing is decided, it is the same object.
 * @throws TwohopError at `path` where the only option that is left cannot be combined with the rest
 */
export function withoutSettled(schema: Keywords, path: Path, resolve: Resolve): Keywords | undefined {
  const left = withoutDecided(schema, path, resolve)
  const only = left && onlyOption(left)
  if (left === undefined || only === undefined) return left
  const merged = merge(only.rest, only.option, path)
  return merged && withoutSettled(merged, path, resolve)
}

function withoutDecided(schema: Keywords, path: Path, resolve: Resolve): Keywords | undefined {
  const { anyOf, oneOf, ...beside } = schema
  const [any, one] = [severalOf(anyOf), severalOf(oneOf)]
  if (any.length + one.length === 0 || Object.keys(beside).length === 0) return schema
  for (const [combiner, choices] of [
    ['anyOf', any],
    ['oneOf', one],
  ] as const)
    for (const options of choices)
      for (const [place, option] of listOf(options).entries()) readSchema(option, [...path, combiner, place])
  const possible = (options: unknown) =>
    listOf(options).filter((option) => !isSchema(option) || !neverBoth(beside, option, resolve))
  const open = any.filter(
    (options) => !listOf(options).some((option) => isSchema(option) && implies(beside, option, resolve)),
  )
  const left = { anyOf: open.map(possible), oneOf: one.map(possible) }
  if ([...left.anyOf, ...left.oneOf].some((options) => options.length === 0)) return undefined
  if (optionsOf([...any, ...one]) === optionsOf([...left.anyOf, ...left.oneOf])) return schema
  return { ...beside, ...choicesOf('anyOf', left.anyOf), ...choicesOf('oneOf', left.oneOf) }
}

function optionsOf(choices: readonly unknown[]): number {
  return choices.reduce<number>((sum, options) => sum + listOf(options).length, 0)
}

function choicesOf(combiner: string, choices: readonly unknown[]): Keywords {
  return choices.length === 0 ? {} : { [combiner]: new Several(choices) }
}

/**
 * An option without another, and the schema without the choice. Only what names no new property: those are written in the order
 * in which the schema is read.
 */
function onlyOption(schema: Keywords): { option: Schema; rest: Keywords } | undefined {
  const declared = new Set(namesIn(schema))
  for (const combiner of ['anyOf', 'oneOf'] as const) {
    const choices = severalOf(schema[combiner])
    const single = choices.find((options) => {
      const [option, ...more] = listOf(options)
      const based = !isObject(option) || '$ref' in option || 'allOf' in option
      return more.length === 0 && !based && namesIn(option).every((name) => declared.has(name))
    })
    const [option] = listOf(single)
    if (!isSchema(option)) continue
    const { [combiner]: _, ...rest } = schema
    const others = choices.filter((one) => one !== single)
    return { option, rest: { ...rest, ...choicesOf(combiner, others) } }
  }
  return undefined
}
