import { type CharacterSet, of, WRITABLE, without } from '../characters.ts'
import {
  characters,
  choice,
  EMPTY,
  type Expression,
  optional,
  repeat,
  separated,
  sequence,
  text,
} from '../expression.ts'
import { ANY_VALUE, COMMA, member, STRING } from '../json-text.ts'
import { type Path, refuse } from '../refusal.ts'
import { maybeSchemaAt } from './keywords.ts'
import { merge } from './merge.ts'
import { literal } from './scalar.ts'
import { isObject, type Keywords, namesOf } from './schema.ts'
import type { Scope } from './scope.ts'

type Member = { name: string; schema: unknown; required: boolean }

/**
 * Objects. Declared properties come first, in the order of declaration. Others follow where a schema describes them, or
 * where nothing is declared at all.
 * @throws TwohopError
 */
export function objectOf(schema: Keywords, path: Path, scope: Scope): Expression {
  const most = Number(schema.maxProperties ?? Number.POSITIVE_INFINITY)
  const least = Number(schema.minProperties ?? 0)
  const members = membersOf(schema, path, least, most)
  const others = othersOf(schema, path, scope, members)
  const missing = Math.max(0, least - members.filter(({ required }) => required).length)
  // Two freely chosen names may turn out the same.
  if (missing > 1 || (missing === 1 && others === undefined))
    throw refuse(
      [...path, 'minProperties'],
      '"minProperties" is supported up to one more than what is declared.',
    )
  const room = others === undefined ? 0 : most - members.length
  if (missing > room)
    throw refuse([...path, 'maxProperties'], '"minProperties" is more than "maxProperties".')

  const written = members.map(({ name, schema: own }) =>
    member(literal(name), scope.value(own, [...path, 'properties', name])),
  )
  const more = others === undefined ? EMPTY : repeat(sequence(COMMA, others), missing, room)
  const only = others === undefined ? EMPTY : separated(others, COMMA, missing, room)

  /** Tails after each member, built from the last. */
  const after: Expression[] = [more]
  for (let place = members.length - 1; place > 0; place--) {
    const following = sequence(COMMA, written[place] ?? EMPTY)
    const tail = after[0] ?? EMPTY
    const whole = () => sequence(members[place]?.required ? following : optional(following), tail)
    after.unshift(members[place - 1]?.required ? whole() : scope.named(whole))
  }
  const firsts: Expression[] = []
  for (const [place, { required }] of members.entries()) {
    firsts.push(sequence(written[place] ?? EMPTY, after[place] ?? EMPTY))
    if (required) break
  }
  if (!members.some(({ required }) => required)) firsts.push(only)
  return sequence(text('{'), choice(firsts), text('}'))
}

/** Declared properties that are ever written, with optional ones made required up to `least`, dropped beyond `most`. */
function membersOf(schema: Keywords, path: Path, least: number, most: number): Member[] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = new Set(namesOf(schema.required))
  const rest = maybeSchemaAt(schema.additionalProperties, [...path, 'additionalProperties'])
  const all: Member[] = Object.entries(properties).map(([name, own]) => ({
    name,
    schema: own,
    required: required.has(name),
  }))
  for (const name of required)
    if (!Object.hasOwn(properties, name)) all.push({ name, schema: rest ?? true, required: true })
  for (const one of all)
    if (one.required && one.schema === false)
      throw refuse(
        [...path, 'required'],
        `The property ${JSON.stringify(one.name.slice(0, 64))} is required and not allowed.`,
      )
  if (required.size > most)
    throw refuse([...path, 'maxProperties'], '"required" has more names than "maxProperties".')
  let lacking = least - required.size
  let room = most - required.size
  return all.flatMap((one) => {
    if (one.schema === false) return []
    if (one.required) return [one]
    return room-- > 0 ? [{ ...one, required: lacking-- > 0 }] : []
  })
}

/** An entry with a name that is not declared. Undefined where none is written. */
function othersOf(
  schema: Keywords,
  path: Path,
  scope: Scope,
  members: readonly Member[],
): Expression | undefined {
  const { additionalProperties: rest, propertyNames: names } = schema
  const declared = [...new Set([...members.map(({ name }) => name), ...Object.keys(schema.properties ?? {})])]
  if (names !== undefined && names !== true && declared.length > 0)
    throw refuse([...path, 'propertyNames'], '"propertyNames" beside declared properties is not supported.')
  if (names === false || rest === false || (declared.length > 0 && !isObject(rest))) return undefined
  const key = isObject(names) ? keyOf(names, [...path, 'propertyNames'], scope) : otherName(declared)
  return member(key, isObject(rest) ? scope.value(rest, [...path, 'additionalProperties']) : ANY_VALUE)
}

function keyOf(names: Keywords, path: Path, scope: Scope): Expression {
  const strings = merge({ type: 'string' }, scope.resolve(names), path)
  if (strings === undefined) throw refuse(path, 'A name is a string.')
  return scope.value(strings, path)
}

/** Characters that stand for themselves in a string; enough for names. */
const NAME: CharacterSet = without(WRITABLE, of('"\\\n\t'))

/** Any name but the ones in `taken`. */
function otherName(taken: readonly string[]): Expression {
  if (taken.length === 0) return STRING
  const any = repeat(characters(NAME), 0, Number.POSITIVE_INFINITY)
  const unlike = (names: readonly (readonly string[])[]): Expression => {
    const heads = new Set(names.flatMap((name) => name.slice(0, 1)))
    const options = [sequence(characters(without(NAME, of([...heads].join('')))), any)]
    if (!names.some((name) => name.length === 0)) options.push(EMPTY)
    for (const head of heads) {
      const under = names.filter((name) => name[0] === head).map((name) => name.slice(1))
      options.push(sequence(text(JSON.stringify(head).slice(1, -1)), unlike(under)))
    }
    return choice(options)
  }
  return sequence(text('"'), unlike(taken.map((name) => [...name])), text('"'))
}
