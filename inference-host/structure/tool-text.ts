/**
 * How a call is written in an answer: the form of Nous Research's Hermes models, which Qwen and others were trained
 * on too. A mask enforces it on models that were not.
 */
export const CALL = '<tool_call>'
export const CALL_END = '</tool_call>'
export const RESPONSE = '<tool_response>'
export const RESPONSE_END = '</tool_response>'

/** What stands before a call's arguments, and after them. */
export function callHead(name: string): string {
  return `${CALL}\n{"name": "${name}", "arguments": `
}
export const CALL_TAIL = `}\n${CALL_END}`

/** Between two calls. */
export const BETWEEN_CALLS = '\n'
