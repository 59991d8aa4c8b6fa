import { EbnfError, parseEbnf } from './ebnf.ts'
import { choice, type Grammar, text } from './grammar/expression.ts'
import { ANY_OBJECT, jsonRules } from './grammar/json-text.ts'
import { buildProgram, type Program } from './grammar/program.ts'
import { type Path, refuse } from './grammar/refusal.ts'
import { type Budget, createBudget, TooLarge } from './language/budget.ts'
import { languageOf } from './language/language.ts'
import { readPattern } from './language/read-pattern.ts'
import { wholePattern } from './language/regex.ts'
import { RegexError } from './language/regex-error.ts'
import type { Spelling } from './language/spell.ts'
import { compileSchema } from './schema/compile.ts'
import { pathOf, type Structure } from './structure.ts'
import { toolGrammar } from './tool-grammar.ts'

/** Text that is no JSON. */
const AS_IT_IS: Spelling = { quote: '', escapes: new Map() }

/**
 * Compiles what an answer has to be into a program that follows it.
 * @throws TwohopError `invalid_request` with the path of what is not supported, and its keyword in the message.
 */
export function compileStructure(structure: Structure): Program {
  try {
    return buildProgram(grammarOf(structure, createBudget()), pathOf(structure))
  } catch (error) {
    // What is read by recursion has its bounds, but a part within a part within a part can go beyond the call stack.
    if (error instanceof RangeError)
      throw refuse(pathOf(structure), 'This is nested too deep, or too large, to be followed.')
    throw error
  }
}

/** The grammar of any structure. @throws TwohopError */
function grammarOf(structure: Structure, budget: Budget): Grammar {
  switch (structure.kind) {
    case 'json_object':
      return { root: ANY_OBJECT, rules: jsonRules() }
    case 'json_schema':
      return compileSchema(structure.schema, structure.path, 'schema', budget)
    case 'choice':
      return { root: choice(structure.choices.map(text)), rules: new Map() }
    case 'regex':
      return { root: regexOf(structure.pattern, structure.path, budget), rules: new Map() }
    case 'grammar':
      return ebnfOf(structure.grammar, structure.path)
    case 'tools':
      return toolGrammar(structure, structure.content && grammarOf(structure.content, budget), budget)
  }
}

function regexOf(source: string, path: Path, budget: Budget): Grammar['root'] {
  try {
    const pattern = readPattern(source, budget)
    const found =
      wholePattern(pattern) ??
      languageOf([{ kind: 'pattern', pattern, whole: true, negated: false }], AS_IT_IS, budget)
    if (found !== undefined) return found
  } catch (error) {
    if (error instanceof TooLarge) throw refuse(path, 'This regular expression is too large to be followed.')
    if (!(error instanceof RegexError)) throw error
    throw refuse(path, `This regular expression is not supported: ${error.message}.`)
  }
  throw refuse(path, 'No text matches this regular expression.')
}

function ebnfOf(grammar: string, path: Path): Grammar {
  try {
    return parseEbnf(grammar)
  } catch (error) {
    if (!(error instanceof EbnfError)) throw error
    throw refuse(path, `This grammar is not supported: ${error.message}.`)
  }
}
