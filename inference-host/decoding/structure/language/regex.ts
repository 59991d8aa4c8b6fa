import { intersection, WRITABLE } from '../grammar/characters.ts'
import { characters, choice, EMPTY, type Expression, repeat, sequence, text } from '../grammar/expression.ts'
import { mayBeEmpty, type Pattern } from './pattern.ts'
import { RegexError } from './regex-error.ts'

/**
 * The expression of a pattern, or undefined where it has none: it has conditions on what stands around a place, or repeats
 * what may be empty.
 * Characters that an answer never holds (controls, say) are left out of classes.
 * @throws RegexError where nothing is left of a class.
 */
function expressionOf(pattern: Pattern): Expression | undefined {
  switch (pattern.kind) {
    case 'text':
      return written(pattern.text)
    case 'characters': {
      const ranges = intersection(pattern.ranges, WRITABLE)
      if (ranges.length === 0) throw new RegexError('a class of characters that no answer can hold')
      return characters(ranges)
    }
    case 'sequence': {
      const parts = all(pattern.parts)
      return parts && sequence(...parts)
    }
    case 'choice': {
      const options = all(pattern.options)
      return options && choice(options)
    }
    case 'repeat': {
      if (pattern.max > 1 && mayBeEmpty(pattern.part)) return undefined
      const part = expressionOf(pattern.part)
      return part && repeat(part, pattern.min, pattern.max)
    }
    default:
      return undefined
  }
}

function written(value: string): Expression {
  for (const char of value) {
    const point = char.codePointAt(0) ?? 0
    if (!WRITABLE.some(([first, last]) => first <= point && point <= last))
      throw new RegexError('a class of characters that no answer can hold')
  }
  return text(value)
}

function all(patterns: readonly Pattern[]): Expression[] | undefined {
  const found: Expression[] = []
  for (const one of patterns) {
    const expression = expressionOf(one)
    if (expression === undefined) return undefined
    found.push(expression)
  }
  return found
}

/** One alternative, and whether it is tied to the start and to the end. */
type Alternative = { body: Expression; start: boolean; end: boolean }

function alternativeOf(pattern: Pattern): Alternative | undefined {
  const parts = pattern.kind === 'sequence' ? pattern.parts : [pattern]
  const start = parts[0]?.kind === 'start'
  const end = parts.at(-1)?.kind === 'end'
  const body = expressionOf({ kind: 'sequence', parts: parts.slice(start ? 1 : 0, end ? -1 : undefined) })
  return body && { body, start, end }
}

function alternativesOf(pattern: Pattern): Alternative[] | undefined {
  const options = pattern.kind === 'choice' ? pattern.options : [pattern]
  const found = options.flatMap((one) => alternativeOf(one) ?? [])
  return found.length < options.length ? undefined : found
}

/**
 * An expression that always matches the whole text, as vLLM takes `regex`. `^` and `$` may be there or not. Undefined
 * where it is no expression. @throws RegexError
 */
export function wholePattern(pattern: Pattern): Expression | undefined {
  const found = alternativesOf(pattern)
  return found && choice(found.map(({ body }) => body))
}

/**
 * The expression of a JSON Schema `pattern`, which ECMA-262 searches for anywhere but where `^` or `$` ties it. Undefined
 * where it is no expression. @throws RegexError
 */
export function searchedPattern(pattern: Pattern): Expression | undefined {
  const anything = repeat(characters(WRITABLE), 0, Number.POSITIVE_INFINITY)
  const found = alternativesOf(pattern)
  return (
    found &&
    choice(
      found.map(({ body, start, end }) => sequence(start ? EMPTY : anything, body, end ? EMPTY : anything)),
    )
  )
}

/** The pattern that matches what an expression of characters matches. Each kind of part has its like among patterns. */
export function patternOf(expression: Expression): Pattern {
  switch (expression.kind) {
    case 'rule':
    case 'machine':
      throw new Error(`a text holds no ${expression.kind}`)
    case 'sequence':
      return { kind: 'sequence', parts: expression.parts.map(patternOf) }
    case 'choice':
      return { kind: 'choice', options: expression.options.map(patternOf) }
    case 'repeat': {
      const { part, min, max } = expression
      return { kind: 'repeat', part: patternOf(part), min, max }
    }
    default:
      return expression
  }
}
