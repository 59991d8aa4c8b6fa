import type { ResponseFormat, StructuredOutputs, Tool, ToolChoice } from '../../../shared/openai/structure.ts'
import { refuseLargeStructure } from '../../../shared/openai/structure-size.ts'
import { type Path, refuse } from './grammar/refusal.ts'

/** What an answer has to be, as plain data. `path` is the place in the request that asked for it. */
export type Structure =
  | { kind: 'json_object' }
  | { kind: 'json_schema'; schema: unknown; path: Path }
  | { kind: 'regex'; pattern: string; path: Path }
  | { kind: 'choice'; choices: readonly string[] }
  | { kind: 'grammar'; grammar: string; path: Path }
  | {
      kind: 'tools'
      tools: readonly Tool[]
      /** `auto`: text or calls; otherwise calls, of any of the tools or of the one named. */
      choice: 'auto' | 'required' | { name: string }
      /** Whether there may be several calls. Undefined: as the model has learned it. */
      parallel: boolean | undefined
      /** What an answer without calls has to be; undefined is any text. */
      content: Exclude<Structure, { kind: 'tools' }> | undefined
    }

type Asked = {
  response_format?: ResponseFormat | undefined
  structured_outputs?: StructuredOutputs | undefined
  tools?: readonly Tool[] | undefined
  tool_choice?: ToolChoice | undefined
  parallel_tool_calls?: boolean | undefined
}

/**
 * What a chat request asks of the answer, or undefined where any text will do.
 * @throws TwohopError `invalid_request` where its fields contradict one another, or are too large.
 */
export function structureOf(asked: Asked): Structure | undefined {
  refuseLargeStructure(asked)
  return toolsOf(asked, contentOf(asked))
}

/**
 * Whether an answer of this structure has text that stop strings may end: any text has, and text that calls may follow.
 * A structured answer has none: ended early, it would not be valid.
 */
export function hasText(structure: Structure | undefined): boolean {
  if (structure === undefined) return true
  return structure.kind === 'tools' && structure.choice === 'auto' && structure.content === undefined
}

function contentOf({ response_format: format, structured_outputs: outputs }: Asked): Content | undefined {
  const formatted = format !== undefined && format.type !== 'text'
  if (outputs !== undefined && formatted)
    throw refuse(['structured_outputs'], 'Expected either response_format or structured_outputs, found both.')
  if (outputs?.json !== undefined)
    return { kind: 'json_schema', schema: outputs.json, path: ['structured_outputs', 'json'] }
  if (outputs?.regex !== undefined)
    return { kind: 'regex', pattern: outputs.regex, path: ['structured_outputs', 'regex'] }
  if (outputs?.choice !== undefined) return { kind: 'choice', choices: outputs.choice }
  if (outputs?.grammar !== undefined)
    return { kind: 'grammar', grammar: outputs.grammar, path: ['structured_outputs', 'grammar'] }
  if (!formatted) return undefined
  if (format.type === 'json_object') return { kind: 'json_object' }
  return {
    kind: 'json_schema',
    schema: format.json_schema.schema,
    path: ['response_format', 'json_schema', 'schema'],
  }
}
type Content = Exclude<Structure, { kind: 'tools' }>

function toolsOf(asked: Asked, content: Content | undefined): Structure | undefined {
  const { tools, tool_choice: choice = 'auto', parallel_tool_calls: parallel } = asked
  if (tools === undefined) {
    if (choice !== 'none' && choice !== 'auto')
      throw refuse(
        ['tool_choice'],
        'Expected "none" or "auto" where there are no tools, found another choice.',
      )
    return content
  }
  const names = tools.map((tool) => tool.function.name)
  const twice = names.findIndex((name, place) => names.indexOf(name) < place)
  if (twice >= 0)
    throw refuse(
      ['tools', twice, 'function', 'name'],
      'Expected a name of its own, found that of another tool.',
    )
  if (choice === 'none') return content
  if (choice === 'auto') return { kind: 'tools', tools, choice, parallel, content }
  if (content !== undefined)
    throw refuse(
      ['tool_choice'],
      'Expected "none" or "auto" beside a format for the answer, found another choice.',
    )
  if (choice === 'required') return { kind: 'tools', tools, choice, parallel, content }
  const chosen = choice.function.name
  if (!names.includes(chosen))
    throw refuse(
      ['tool_choice', 'function', 'name'],
      'Expected the name of one of the tools, found another name.',
    )
  return { kind: 'tools', tools, choice: { name: chosen }, parallel: false, content }
}

/** Where in the request a structure stands. */
export function pathOf(structure: Structure): Path {
  if ('path' in structure) return structure.path
  if (structure.kind === 'tools') return ['tools']
  return structure.kind === 'choice' ? ['structured_outputs', 'choice'] : ['response_format']
}
