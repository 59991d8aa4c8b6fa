import { has, intersection, of, WRITABLE, without } from './characters.ts'
import {
  characters,
  choice,
  type Expression,
  optional,
  repeat,
  rule,
  separated,
  sequence,
  text,
} from './expression.ts'

/** Characters that a JSON string holds only escaped (RFC 8259 section 7), as far as answers hold them at all. */
const ESCAPED = of('"\\\n\r\t')
/** How they are written. */
export const ESCAPES: ReadonlyMap<string, string> = new Map(
  ['"', '\\', '\n', '\r', '\t'].map((char) => [char, JSON.stringify(char).slice(1, -1)]),
)
const PLAIN = without(WRITABLE, ESCAPED)

/**
 * The expression of a string's characters as JSON writes them. `\u` escapes are never used: a pair of them is one
 * character to a validator and two to a grammar.
 */
function escaped(expression: Expression): Expression {
  switch (expression.kind) {
    case 'text':
      return text(JSON.stringify(expression.text).slice(1, -1))
    case 'characters': {
      const plain = intersection(expression.ranges, PLAIN)
      const special = [...ESCAPES].filter(([char]) => has(expression.ranges, char.charCodeAt(0)))
      const written = special.map(([, spelled]) => text(spelled))
      return choice(plain.length > 0 ? [characters(plain), ...written] : written)
    }
    case 'sequence':
      return sequence(...expression.parts.map(escaped))
    case 'choice':
      return choice(expression.options.map(escaped))
    case 'repeat':
      return { ...expression, part: escaped(expression.part) }
    case 'rule':
    case 'machine':
      throw new Error(`a string holds no ${expression.kind}`)
  }
}

export function quoted(content: Expression): Expression {
  return sequence(text('"'), escaped(content), text('"'))
}

const BMP = intersection(WRITABLE, [[0, 0xffff]])
const ASTRAL = without(WRITABLE, BMP)

/**
 * Any string of at least `min` code points, as JSON Schema and Python count, and at most `max` UTF-16 units, as validators
 * in JavaScript count: it is within the bounds whoever reads it.
 */
export function anyString(min: number, max: number): Expression {
  if (max === Number.POSITIVE_INFINITY) return quoted(repeat(characters(WRITABLE), min, max))
  if (max < 2) return quoted(repeat(characters(BMP), min, max))
  return quoted({ kind: 'repeat', part: characters(BMP), double: characters(ASTRAL), min, max })
}

export const STRING = anyString(0, Number.POSITIVE_INFINITY)

/**
 * A space may follow a comma or a colon, as in most texts that models have read. There is no other white space, because
 * a model could go on with it for ever.
 */
export const COMMA = sequence(text(','), optional(text(' ')))
const COLON = sequence(text(':'), optional(text(' ')))

const DIGIT = characters([[48, 57]])
/** 15 digits: every such integer is a double of its own, so parsing gives the integer that was written. */
export const MOST_DIGITS = 15
const whole = sequence(
  optional(text('-')),
  choice([text('0'), sequence(characters([[49, 57]]), repeat(DIGIT, 0, MOST_DIGITS - 1))]),
)
export const INTEGER = whole
/** No exponent: `1e999` is a number to a grammar and Infinity to a parser. */
export const NUMBER = sequence(whole, optional(sequence(text('.'), repeat(DIGIT, 1, 10))))
const BOOLEAN = choice([text('true'), text('false')])
const NULL = text('null')

/** Names of the rules that `jsonRules` defines. */
export const ANY_VALUE = rule('json value')
export const ANY_OBJECT = rule('json object')
const ANY_ARRAY = rule('json array')

/** A member or a map's entry. */
export function member(key: Expression, value: Expression): Expression {
  return sequence(key, COLON, value)
}

/** `min` to `max` entries in braces. */
function object(entry: Expression, min: number, max: number): Expression {
  return sequence(text('{'), separated(entry, COMMA, min, max), text('}'))
}

export function array(item: Expression, min: number, max: number): Expression {
  return sequence(text('['), separated(item, COMMA, min, max), text(']'))
}

/** The rules of JSON itself. */
export function jsonRules(): Map<string, Expression> {
  const many = Number.POSITIVE_INFINITY
  return new Map([
    ['json value', choice([STRING, NUMBER, BOOLEAN, NULL, ANY_OBJECT, ANY_ARRAY])],
    ['json object', object(member(STRING, ANY_VALUE), 0, many)],
    ['json array', array(ANY_VALUE, 0, many)],
  ])
}
