import { TwohopError } from '../../../../shared/errors.ts'
import { choice, type Expression, type Grammar, rule } from '../grammar/expression.ts'
import { ANY_VALUE, jsonRules } from '../grammar/json-text.ts'
import { type Path, refuse, refusedElsewhere, refuseNothing, saysNothing } from '../grammar/refusal.ts'
import { type Budget, createBudget } from '../language/budget.ts'
import { arrayOf } from './array.ts'
import { createBuilt } from './built.ts'
import { pathAsSaid } from './dialects.ts'
import { overlapsOf } from './exclusive.ts'
import { FORMATS } from './formats.ts'
import { ENFORCED, readSchema, type Type, typesOf } from './keywords.ts'
import { merge } from './merge.ts'
import { createMerging, type Merging } from './merging.ts'
import { namesIn, negated, withoutNots } from './negation.ts'
import { isNumberFormat } from './number-formats.ts'
import { numberOf } from './numbers.ts'
import { objectOf } from './object.ts'
import { createReferences } from './references.ts'
import { booleanOf, finiteValues, possibleTypes } from './scalar.ts'
import { isObject, type Keywords, Leftovers, listOf, type Schema, Several, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'
import { withoutSettled } from './settled.ts'
import { literal, spellingsOf, stringOf } from './strings.ts'
import { ANY_TEXT, createTexts } from './texts.ts'
import { withoutUnevaluated } from './unevaluated.ts'
import { createCounting, deeper, type Unfolding, unfolding } from './unfolding.ts'

/**
 * A grammar that writes only JSON that is valid for the schema `document` (JSON Schema 2020-12, and what drafts 4 to 7
 * and OpenAPI 3.0 say otherwise). It need not have all such texts. Optional white space, rare spellings and names that
 * are not declared are left out. Every text that it generates validates.
 * @param budget What its patterns may take.
 * @throws TwohopError `invalid_request` that names the keyword which is not supported, at its path.
 */
export function compileSchema(
  document: unknown,
  path: Path,
  name = 'schema',
  budget: Budget = createBudget(),
): Grammar {
  const { $id: _, ...withoutId } = isObject(document) ? document : {}
  const root = isObject(document) ? withoutId : document
  const rules = jsonRules()
  const { target, resolve } = createReferences(root, path)
  const texts = createTexts(budget)
  const { count, look } = createCounting(path)
  const { merged, knownOf } = createMerging({ readOf, target, count })
  const { named, remembered, idOf, once, forget } = createBuilt(rules, name)
  const scope: Scope = {
    ...{ resolve, named, remembered, idOf, texts, budget, look },
    value: (part, at) => once(part, () => value(part, at, unfolding())),
    hasPattern: (text, pattern, at) => texts.fulfilled({ ...ANY_TEXT, patterns: [pattern] }, text, at, at),
  }

  /** `resolve` for what compares schemas with one another, or turns them. */
  function looked(schema: Schema): Schema {
    look(1)
    return resolve(schema)
  }

  function readOf(raw: unknown, at: Path): Schema {
    const read = readSchema(raw, at)
    return typeof read === 'boolean' ? read : withoutUnevaluated(read, at, looked)
  }

  function value(raw: unknown, at: Path, unfolded: Unfolding): Expression {
    count(at, unfolded)
    const read = readOf(raw, at)
    if (read === false) throw refuseNothing(at, 'Nothing is valid for "false".')
    if (read === true) return ANY_VALUE
    const enforced = Object.keys(read).filter((keyword) => ENFORCED.has(keyword))
    if (enforced.length === 0) return ANY_VALUE
    if (enforced.length === 1 && read.$ref !== undefined) return reference(String(read.$ref), at)
    // Not written out: a reference in it is followed once, however often it comes back to itself.
    const [base, ...others] = listOf(read.allOf)
    if (enforced.length === 1 && base !== undefined && others.length === 0)
      return value(base, [...at, 'allOf', 0], deeper(unfolded))
    const positive = withoutNots(read, at, looked)
    if (positive !== read) return value(positive, at, deeper(unfolded))
    if (read.$ref !== undefined || read.allOf !== undefined)
      return value(merged(read, at, unfolded), at, deeper(unfolded))
    const open = withoutSettled(read, at, looked)
    if (open === undefined) throw refuseNothing(at, 'Nothing is valid for all of these schemas.')
    if (open !== read) return value(open, at, deeper(unfolded))
    return isChoice(read) ? combined(read, at, unfolded) : plain(read, at)
  }

  function reference(pointer: string, at: Path): Expression {
    const own = `${name} ${pointer}`
    if (rules.has(own)) return rule(own)
    const before = rules.size
    rules.set(own, ANY_VALUE)
    try {
      rules.set(own, value(target(pointer, at), [...path, pointer], unfolding()))
    } catch (error) {
      // What was built on it goes with it, should there be another choice.
      for (const made of [...rules.keys()].slice(before)) rules.delete(made)
      forget()
      throw error
    }
    return rule(own)
  }

  function combined(schema: Keywords, at: Path, unfolded: Unfolding): Expression {
    const [combiner, parts, rest] = firstChoice(schema)
    const inside = [...at, combiner]
    const alone = !Object.keys(rest).some((keyword) => ENFORCED.has(keyword))
    const options = parts.flatMap((part, place): Option[] => {
      const read = readOf(part, [...inside, place])
      const whole = alone ? read : isBased(read) ? { allOf: [rest, read] } : merge(rest, read, at)
      return whole === undefined || whole === false ? [] : [[whole, [...inside, place]]]
    })
    if (options.length === 0) throw refuseNothing(inside, `Nothing is valid for this "${combiner}".`)
    const inner = alone ? unfolding() : deeper(unfolded)
    const build = (one: Schema, where: Path) => value(one, where, inner)
    if (parts instanceof Leftovers) return choice(someOf(options, build, unfolded.ways))
    return choice(
      possible(
        combiner === 'oneOf' ? exclusively(options, parts, inside, { resolve, looked, knownOf }) : options,
        build,
      ),
    )
  }

  function plain(schema: Keywords, at: Path): Expression {
    const values = finiteValues(schema, at, scope)
    if (values !== undefined) return choice(values.flatMap(spellingsOf))
    const types = possibleTypes(schema, typesOf(schema) ?? impliedTypes(schema))
    if (types === undefined) return ANY_VALUE
    if (types.length === 0) throw refuseNothing(at, 'Nothing is valid for this "not".')
    return choice(types.map((type) => typed(type, schema, at, scope)))
  }

  try {
    return { root: value(root, path, unfolding()), rules }
  } catch (error) {
    throw refusedElsewhere(error, (at) => [
      ...path,
      ...pathAsSaid(root, at.slice(path.length), (pointer) => target(pointer, path)),
    ])
  }
}

/** Whether a schema says what it is based on. Put into another by `merge`, that would be read before the other's own. */
function isBased(schema: Schema): boolean {
  return isObject(schema) && ('$ref' in schema || 'allOf' in schema)
}

/** One of several schemas, and where it stands. */
type Option = readonly [Schema, Path]

/** What schemas are compared with. */
type Comparing = {
  resolve(schema: Schema): Schema
  /** The same, counted. */
  looked(schema: Schema): Schema
  knownOf: Merging['knownOf']
}

/** Each option of a `oneOf` without what is valid for another, too. @throws TwohopError where it cannot be told apart */
function exclusively(
  options: readonly Option[],
  parts: readonly unknown[],
  at: Path,
  { resolve, looked, knownOf }: Comparing,
): Option[] {
  const overlaps = overlapsOf(
    options.map(([one, where]) => knownOf(one, where)),
    at,
    looked,
  )
  return options.map(([one, where], place) => {
    const others = (overlaps[place] ?? []).map((other) => options[other]?.[1].at(-1))
    if (others.length === 0) return [one, where]
    const names = namesIn(resolve(one))
    try {
      const nots = others.map((other) => negated(parts[Number(other)], where, looked, names))
      return [{ allOf: [one, ...nots] }, where]
    } catch (error) {
      if (!(error instanceof TwohopError)) throw error
      throw refuse(
        at,
        '"oneOf" is supported where it can be told which of its schemas is valid: different types, or a property with different values. Use "anyOf".',
      )
    }
  })
}

function isChoice({ anyOf, oneOf }: Keywords): boolean {
  return anyOf !== undefined || oneOf !== undefined
}

/**
 * The choice of a schema that is written out first, and the schema without it. What its client says to be a choice comes
 * first: it decides others.
 */
function firstChoice(schema: Keywords): ['anyOf' | 'oneOf', readonly unknown[], Keywords] {
  const [any, one] = [severalOf(schema.anyOf), severalOf(schema.oneOf)]
  const first = any.find((options) => !(options instanceof Leftovers)) ?? one[0] ?? any[0]
  const combiner = any.includes(first) ? 'anyOf' : 'oneOf'
  const { [combiner]: all, ...others } = schema
  const left = severalOf(all).filter((options) => options !== first)
  return [combiner, listOf(first), left.length > 0 ? { ...others, [combiner]: new Several(left) } : others]
}

/**
 * What options are built into that need not all be written: without those that cannot be, and as many as there are ways
 * left. @throws TwohopError where it is none
 */
function someOf<Built>(
  options: readonly Option[],
  build: (one: Schema, path: Path) => Built,
  ways: { left: number },
): Built[] {
  const built: Built[] = []
  let refused: TwohopError | undefined
  for (const [one, path] of options) {
    if (built.length > 0 && ways.left <= 0) break
    try {
      built.push(build(one, path))
      ways.left--
    } catch (error) {
      if (!(error instanceof TwohopError)) throw error
      // That nothing is valid is only so where it is so of each.
      if (refused === undefined || (saysNothing(refused) && !saysNothing(error))) refused = error
    }
  }
  if (built.length === 0) throw refused
  return built
}

/** What the options are built into, without those that nothing is valid for. @throws TwohopError where that is all */
function possible<Built>(options: readonly Option[], build: (one: Schema, path: Path) => Built): Built[] {
  const built: Built[] = []
  let refused: TwohopError | undefined
  for (const [one, path] of options)
    try {
      built.push(build(one, path))
    } catch (error) {
      if (!saysNothing(error)) throw error
      refused ??= error
    }
  if (built.length === 0 && refused !== undefined) throw refused
  return built
}

function typed(type: Type, schema: Keywords, at: Path, scope: Scope): Expression {
  if (type === 'object') return objectOf(schema, at, scope)
  if (type === 'array') return arrayOf(schema, at, scope)
  if (type === 'string') return stringOf(schema, at, scope)
  if (type === 'integer' || type === 'number') return numberOf(type, schema, at, scope)
  return type === 'null' ? literal(null) : booleanOf(schema)
}

const IMPLIED: readonly (readonly [Type, readonly string[]])[] = [
  [
    'object',
    [
      ...['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames'],
      ...['minProperties', 'maxProperties'],
    ],
  ],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains']],
  ['string', ['minLength', 'maxLength', 'pattern']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]

/**
 * The types that a schema without `type` speaks of. Others would be valid too, but were hardly meant. A format that nobody knows is of
 * any type.
 */
function impliedTypes(schema: Keywords): Type[] {
  const formats = severalOf(schema.format)
  const ofNumbers = formats.some(isNumberFormat)
  const ofStrings = formats.some((format) => typeof format === 'string' && FORMATS.has(format))
  return IMPLIED.filter(
    ([type, keywords]) =>
      keywords.some((keyword) => keyword in schema && !namesNone(keyword, schema[keyword])) ||
      (type === 'number' && ofNumbers) ||
      (type === 'string' && ofStrings && !ofNumbers),
  ).map(([type]) => type)
}

/** Whether a keyword lists properties and names none. Some tools write that of values that may be anything. */
function namesNone(keyword: string, value: unknown): boolean {
  if (keyword === 'required') return listOf(value).length === 0
  return PROPERTIES.has(keyword) && isObject(value) && Object.keys(value).length === 0
}

const PROPERTIES: ReadonlySet<string> = new Set(['properties', 'patternProperties'])
