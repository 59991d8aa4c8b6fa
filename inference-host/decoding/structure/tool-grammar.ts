import { BETWEEN_CALLS, CALL, CALL_TAIL, callHead } from '../../../shared/openai/tool-text.ts'
import { complement, intersection, of, union, WRITABLE } from './grammar/characters.ts'
import {
  characters,
  choice,
  type Expression,
  type Grammar,
  optional,
  repeat,
  separated,
  sequence,
  text,
} from './grammar/expression.ts'
import { refuse } from './grammar/refusal.ts'
import type { Budget } from './language/budget.ts'
import { compileSchema } from './schema/compile.ts'
import type { Structure } from './structure.ts'

/** Calls that one answer may hold. */
const MOST_CALLS = 16

/**
 * Answers that call tools. Where calls are required, they are exactly those asked for. Elsewhere they are text (or
 * `content`) that calls may follow. Where the request does not say how many there may be, a model that has not learned to call
 * makes one: it would not know when to end, and go on until its tokens are used up.
 * @throws TwohopError `invalid_request` at the tool with parameters that are not supported.
 */
export function toolGrammar(
  { tools, choice: choose, parallel }: Extract<Structure, { kind: 'tools' }>,
  content: Grammar | undefined,
  budget: Budget,
): Grammar {
  const rules = new Map(content?.rules)
  const options: Expression[] = []
  for (const [place, { function: called }] of tools.entries()) {
    if (typeof choose === 'object' && called.name !== choose.name) continue
    const path = ['tools', place, 'function', 'parameters']
    const parameters = called.parameters ?? { type: 'object', properties: {}, additionalProperties: false }
    if (parameters.type !== 'object')
      throw refuse([...path, 'type'], 'The parameters of a function are an object.')
    const schema = compileSchema(parameters, path, `tool ${place}`, budget)
    for (const [name, rule] of schema.rules) rules.set(name, rule)
    options.push(sequence(text(callHead(called.name)), schema.root, text(CALL_TAIL)))
  }
  const before = textWithoutCall()

  /** Answers of up to `most` calls. */
  function answers(most: number): Expression {
    const calls = separated(choice(options), text(BETWEEN_CALLS), 1, most)
    if (choose !== 'auto') return calls
    return content ? choice([content.root, calls]) : sequence(before, optional(calls))
  }

  if (parallel === false || typeof choose === 'object') return { root: answers(1), rules }
  return { root: answers(MOST_CALLS), rules, ...(parallel === undefined && { oneCall: answers(1) }) }
}

/**
 * Any text without the beginning of a call. `<` is the mark's first character and occurs nowhere else in it. So the
 * characters after a `<` either spell more of the mark, or break off, or are a `<` again.
 */
function textWithoutCall(): Expression {
  const mark = CALL.slice(1)
  const begun = repeat(sequence(text('<'), prefixes(mark)), 0, Number.POSITIVE_INFINITY)
  const broken = choice(
    [...mark].map((next, place) =>
      sequence(
        text(`<${mark.slice(0, place)}`),
        characters(intersection(WRITABLE, complement(union(of('<'), of(next))))),
      ),
    ),
  )
  const plain = characters(intersection(WRITABLE, complement(of('<'))))
  const unit = choice([plain, sequence(begun, broken)])
  return sequence(repeat(unit, 0, Number.POSITIVE_INFINITY), begun)
}

/** The beginnings of `mark`, from the empty one to all but its last character. */
function prefixes(mark: string): Expression {
  return choice([sequence(), ...[...mark].slice(1).map((_, place) => text(mark.slice(0, place + 1)))])
}
