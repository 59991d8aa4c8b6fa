import { EbnfError, parseEbnf } from './ebnf.ts'
import { choice, type Grammar, text } from './expression.ts'
import { ANY_OBJECT, jsonRules } from './json-text.ts'
import { buildProgram, type Program } from './program.ts'
import { type Path, refuse } from './refusal.ts'
import { RegexError, wholeRegex } from './regex.ts'
import { compileSchema } from './schema/compile.ts'
import type { Structure } from './structure.ts'
import { toolGrammar } from './tool-grammar.ts'

/**
 * Compiles what an answer has to be into a program that follows it.
 * @throws TwohopError `invalid_request` with the path of what is not supported, and its keyword in the message.
 */
export function compileStructure(structure: Structure): Program {
  return buildProgram(grammarOf(structure), pathOf(structure))
}

function pathOf(structure: Structure): Path {
  if ('path' in structure) return structure.path
  if (structure.kind === 'tools') return ['tools']
  return structure.kind === 'choice' ? ['structured_outputs', 'choice'] : ['response_format']
}

/** The grammar of any structure. @throws TwohopError */
export function grammarOf(structure: Structure): Grammar {
  switch (structure.kind) {
    case 'json_object':
      return { root: ANY_OBJECT, rules: jsonRules() }
    case 'json_schema':
      return compileSchema(structure.schema, structure.path)
    case 'choice':
      return { root: choice(structure.choices.map(text)), rules: new Map() }
    case 'regex':
      return { root: regexOf(structure.pattern, structure.path), rules: new Map() }
    case 'grammar':
      return ebnfOf(structure.grammar, structure.path)
    case 'tools':
      return toolGrammar(structure, structure.content && grammarOf(structure.content))
  }
}

function regexOf(pattern: string, path: Path): Grammar['root'] {
  try {
    return wholeRegex(pattern)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    throw refuse(path, `This regular expression is not supported: ${error.message}.`)
  }
}

function ebnfOf(grammar: string, path: Path): Grammar {
  try {
    return parseEbnf(grammar)
  } catch (error) {
    if (!(error instanceof EbnfError)) throw error
    throw refuse(path, `This grammar is not supported: ${error.message}.`)
  }
}
