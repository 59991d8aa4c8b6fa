import { type CharacterSet, of, WRITABLE, without } from '../grammar/characters.ts'
import { characters, choice, EMPTY, type Expression, repeat, sequence, text } from '../grammar/expression.ts'
import { ANY_VALUE, member, STRING } from '../grammar/json-text.ts'
import { type Path, refuse, refuseNothing, saysNothing } from '../grammar/refusal.ts'
import { contentOf, type Written } from './content.ts'
import { declaresSome } from './excludes.ts'
import { maybeSchemaAt } from './keywords.ts'
import { listed, type Member, membersOf } from './members.ts'
import { merge } from './merge.ts'
import { isObject, type Keywords, namesOf, type Schema } from './schema.ts'
import type { Scope } from './scope.ts'
import { literal, textRulesOf } from './strings.ts'

/**
 * Objects. Declared properties come first, in the order of declaration. Others follow where a schema describes them, or
 * where nothing is declared at all.
 * @throws TwohopError
 */
export function objectOf(schema: Keywords, path: Path, scope: Scope): Expression {
  const most = Number(schema.maxProperties ?? Number.POSITIVE_INFINITY)
  const least = Number(schema.minProperties ?? 0)
  if (least > most)
    throw refuseNothing([...path, 'maxProperties'], '"minProperties" is more than "maxProperties".')
  const members = possibleMembers(schema, path, scope, most)
  const others = othersOf(schema, path, scope, members)
  const content = contentOf({ members, others, least, most }, scope)
  if (content === undefined)
    throw refuse(
      [...path, 'minProperties'],
      '"minProperties" is supported up to one more than what is declared.',
    )
  return sequence(text('{'), content, text('}'))
}

/**
 * The members that can be written. An optional one that nothing is valid for is left out, so that another may count instead.
 * @throws TwohopError where there is none for a required one
 */
function possibleMembers(schema: Keywords, path: Path, scope: Scope, most: number): Written[] {
  const members = membersOf(schema, path, scope, most)
  const impossible: string[] = []
  const written = members.flatMap((one) => {
    try {
      const own = scope.value(one.schema, [...path, 'properties', one.name])
      const key = `member ${scope.idOf(own)} ${one.name}`
      return [{ ...one, written: scope.remembered(key, () => member(literal(one.name), own)) }]
    } catch (error) {
      if (!saysNothing(error) || namesOf(schema.required).includes(one.name)) throw error
      impossible.push(one.name)
      return []
    }
  })
  if (impossible.length === 0) return written
  const declared = isObject(schema.properties) ? schema.properties : {}
  const excluded = Object.fromEntries(impossible.map((name) => [name, false]))
  return possibleMembers({ ...schema, properties: { ...declared, ...excluded } }, path, scope, most)
}

/**
 * An entry with a name that is not declared: one that matches just one of the patterns, or, where a schema describes all
 * others, none of them. Undefined where none is written.
 * @throws TwohopError
 */
function othersOf(
  schema: Keywords,
  path: Path,
  scope: Scope,
  members: readonly Member[],
): Expression | undefined {
  const { additionalProperties: rest, propertyNames, properties } = schema
  const names = maybeSchemaAt(propertyNames, [...path, 'propertyNames'])
  if (names === false || (names !== undefined && listed(names, scope) !== undefined)) return undefined
  const declared = [...new Set([...members.map(({ name }) => name), ...Object.keys(schema.properties ?? {})])]
  const patterned = Object.entries(isObject(schema.patternProperties) ? schema.patternProperties : {})
  const patterns = patterned.map(([pattern]) => pattern)
  const key = (own: readonly string[], not: readonly string[]) =>
    keyOf(names ?? true, declared, own, not, path, scope)

  const options = patterned.flatMap(([pattern, part]) => {
    if (part === false) return []
    const name = key(
      [pattern],
      patterns.filter((one) => one !== pattern && !scope.texts.areApart(one, pattern)),
    )
    return name ? [member(name, scope.value(part, [...path, 'patternProperties', pattern]))] : []
  })
  const bare = members.length + patterned.length === 0
  // What excludes.ts proves of a schema that declares something is that no more is written.
  const open = bare && !declaresSome(isObject(properties) ? properties : {}, scope.resolve)
  if (rest !== false && (isObject(rest) || open)) {
    const name = key([], patterns)
    if (name !== undefined)
      options.push(
        member(name, isObject(rest) ? scope.value(rest, [...path, 'additionalProperties']) : ANY_VALUE),
      )
  }
  return options.length === 0 ? undefined : choice(options)
}

/** Names that are valid for `names`, match `own` and none of `not`, and are none of `taken`; undefined where none is. */
function keyOf(
  names: Schema,
  taken: readonly string[],
  own: readonly string[],
  not: readonly string[],
  path: Path,
  scope: Scope,
): Expression | undefined {
  if (names === true && own.length === 0 && not.length === 0) return otherName(taken, path)
  const where = [...path, 'propertyNames']
  const strings = merge({ type: 'string' }, scope.resolve(names), where)
  if (strings === undefined) throw refuseNothing(where, 'A name is a string.')
  if (taken.length + own.length + not.length === 0) return scope.value(strings, where)
  const combiner = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not'].find((keyword) => keyword in strings)
  if (combiner !== undefined)
    throw refuse([...where, combiner], `"${combiner}" of names is not supported beside other properties.`)
  const rules = textRulesOf(strings)
  const at = [...path, 'patternProperties']
  const alike = taken.filter((name) => own.every((pattern) => scope.hasPattern(name, pattern, at)))
  return scope.texts.written(
    { ...rules, patterns: [...rules.patterns, ...own], notPatterns: [...not], not: alike },
    where,
    own.length + not.length > 0 ? at : undefined,
  )
}

/** Characters that stand for themselves in a string; enough for names. */
const NAME: CharacterSet = without(WRITABLE, of('"\\\n\r\t'))

/** Characters that names may have together, counted once where they begin alike, for others to be told from them. */
const MOST_TOLD = 3000

/**
 * Any name but the ones in `taken`.
 * @throws TwohopError where these are too long to be told apart
 */
function otherName(taken: readonly string[], path: Path): Expression {
  if (taken.length === 0) return STRING
  const all = taken.map((name) => [...name])
  let told = 0
  const any = repeat(characters(NAME), 0, Number.POSITIVE_INFINITY)
  /** What follows a beginning of `at` characters that `names` have in common. */
  const unlike = (names: readonly (readonly string[])[], at: number): Expression => {
    if (++told > MOST_TOLD)
      throw refuse(
        [...path, 'additionalProperties'],
        `Names beside the declared ones are told apart up to ${MOST_TOLD} characters of these.`,
      )
    const heads = new Set(names.flatMap((name) => name.slice(at, at + 1)))
    const options = [sequence(characters(without(NAME, of([...heads].join('')))), any)]
    if (!names.some((name) => name.length === at)) options.push(EMPTY)
    for (const head of heads) {
      const under = names.filter((name) => name[at] === head)
      options.push(sequence(text(JSON.stringify(head).slice(1, -1)), unlike(under, at + 1)))
    }
    return choice(options)
  }
  return sequence(text('"'), unlike(all, 0), text('"'))
}
