import { jsonBytes, stringBytes } from '../json-bytes.ts'
import { isShallow } from '../json-depth.ts'
import { parseJson } from '../parse-json.ts'
import type { Tool, ToolCall } from './structure.ts'

/**
 * How a call is written in an answer: the form of Nous Research's Hermes models, which Qwen and others were also
 * trained on. A mask enforces it on other models.
 */
export const CALL = '<tool_call>'
const CALL_END = '</tool_call>'
export const RESPONSE = '<tool_response>'
export const RESPONSE_END = '</tool_response>'

/** The text before a call's arguments; CALL_TAIL follows them. */
export function callHead(name: string): string {
  return `${CALL}\n{"name": "${name}", "arguments": `
}
export const CALL_TAIL = `}\n${CALL_END}`

/** Between two calls. */
export const BETWEEN_CALLS = '\n'

/** The system text that explains `tools` to a model whose template does not know them. */
export function toolText(tools: readonly Tool[]): string {
  return [BEFORE_TOOLS, ...tools.map((tool) => JSON.stringify(told(tool))), AFTER_TOOLS].join('\n')
}

const BEFORE_TOOLS = 'You can call these functions, one JSON object a line:'
const AFTER_TOOLS = `To call one, answer with ${CALL}, a line {"name": ..., "arguments": {...}}, and ${CALL_END}.
Otherwise answer in plain text.`

/** What a model is told of a tool. */
const told = ({ function: { name, description, parameters } }: Tool) => ({
  name,
  description,
  parameters: parameters ?? {},
})

/** The bytes of toolText. */
export function toolTextBytes(tools: readonly Tool[]): number {
  return tools.reduce(
    (sum, tool) => sum + jsonBytes(told(tool)) + 1,
    BEFORE_TOOLS.length + 1 + AFTER_TOOLS.length,
  )
}

/**
 * The most bytes that tools add to a prompt, for the reserved worst case: their own text, or what a template prints of
 * them, indented by four as `tojson(indent=4)` does.
 */
export function toolPromptBytes(tools: readonly Tool[]): number {
  return Math.max(toolTextBytes(tools), jsonBytes(tools, { indent: 4 })) + MOST_TEMPLATE_BYTES
}
/** The most bytes that templates add about tools; Qwen 2.5's and Hermes 3's add some 600. */
const MOST_TEMPLATE_BYTES = 2000

/**
 * The most bytes that calls add to their message. Its arguments stand there as they are, or as a template prints what
 * they say: `1e20` has 21 digits then.
 */
export function toolCallBytes(calls: readonly ToolCall[]): number {
  return calls.reduce(
    (sum, { function: { name, arguments: given } }) =>
      sum +
      utf8Bytes(callHead(name) + CALL_TAIL) +
      Math.max(utf8Bytes(given), jsonBytes(argumentsOf(given), { spaced: true })) +
      MOST_MARK_BYTES,
    0,
  )
}

/**
 * What a template is given of a call's arguments: the JSON that they are, so that it does not print a string of JSON.
 * What is no JSON, or is nested too deep to be printed, stays text.
 */
export function argumentsOf(given: string): unknown {
  const value = parseJson(given)
  return value === undefined || !isShallow(value) ? given : value
}

/** The most bytes around a tool's answer, its name included. */
export const TOOL_RESPONSE_BYTES = 256

/** The most bytes that a tool's answer adds to its content. Some templates print it as JSON, with its quotes and escapes. */
export function toolResponseBytes(content: string): number {
  return TOOL_RESPONSE_BYTES + stringBytes(content) - utf8Bytes(content) - 2
}

/** The most bytes that templates add around a call. */
const MOST_MARK_BYTES = 64

const utf8Bytes = (text: string) => new TextEncoder().encode(text).length
