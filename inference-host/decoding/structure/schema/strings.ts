import { isDeepStrictEqual } from 'node:util'
import { type Expression, text } from '../grammar/expression.ts'
import { anyString } from '../grammar/json-text.ts'
import { type Path, refuseNothing } from '../grammar/refusal.ts'
import { FORMATS } from './formats.ts'
import { isObject, type Keywords, listOf, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'
import { ANY_TEXT, type TextRules } from './texts.ts'

/** What the keywords of a schema ask of a string. */
export function textRulesOf(schema: Keywords): TextRules {
  const nots = severalOf(schema.not).filter(isObject)
  const strings = (values: readonly unknown[]) => values.filter((value) => typeof value === 'string')
  // A format that is not known here says nothing about what is valid (JSON Schema 2020-12, validation, section 7.2.3).
  const known = (values: readonly unknown[]) => strings(values).filter((format) => FORMATS.has(format))
  return {
    patterns: strings(severalOf(schema.pattern)),
    formats: known(severalOf(schema.format)),
    notPatterns: strings(nots.map(({ pattern }) => pattern)),
    notFormats: known(nots.map(({ format }) => format)),
    not: strings(nots.flatMap((not) => listOf(not.enum))),
    min: Number(schema.minLength ?? 0),
    max: Number(schema.maxLength ?? Number.POSITIVE_INFINITY),
  }
}

/** @throws TwohopError where no string is left, or a rule is not supported. */
export function stringOf(schema: Keywords, path: Path, scope: Scope): Expression {
  const rules = textRulesOf(schema)
  const { min, max } = rules
  if (min > max) throw refuseNothing([...path, 'maxLength'], '"maxLength" is less than "minLength".')
  if (isDeepStrictEqual(rules, { ...ANY_TEXT, min, max })) return anyString(min, max)
  const written = scope.texts.written(rules, path)
  if (written !== undefined) return written
  const lengths = ['maxLength', 'minLength'].find((keyword) => keyword in schema)
  const shape = ['pattern', 'format', 'not'].find((keyword) => keyword in schema) ?? 'type'
  const [blamed, other] = lengths === undefined ? [shape, 'its neighbours'] : [lengths, `this "${shape}"`]
  throw refuseNothing([...path, blamed], `No string fulfils this "${blamed}" and ${other} together.`)
}

/** A value as JSON. U+FFFD is escaped, because a detokenizer takes it for a broken character. */
export function literal(value: unknown): Expression {
  return text(spelled(JSON.stringify(value)))
}

/** A value as JSON, and where there are commas or colons in it, also with a space after each, as models write it. */
export function spellingsOf(value: unknown): Expression[] {
  const [close, apart] = [JSON.stringify(value), spaced(value)]
  return close === apart ? [literal(value)] : [literal(value), text(spelled(apart))]
}

const spelled = (json: string) => json.replaceAll('\ufffd', '\\ufffd')

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, own]) => `${JSON.stringify(name)}: ${spaced(own)}`)
  return `{${members.join(', ')}}`
}
