import * as z from 'zod'
import { honoured, optional, withDefault } from './field.ts'

/** Any JSON schema. The compiler checks which of its keywords are supported. */
export const JsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]).describe('a JSON schema')

export const FunctionName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/)
  .describe('letters, digits, "_" and "-", 1 to 64 of them')

/**
 * `response_format` (OpenAI's API reference, Chat). A schema is always enforced, so `strict` changes nothing. Without a
 * schema any object will do.
 */
export const ResponseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: FunctionName,
      description: optional(z.string().max(4096)),
      schema: withDefault(JsonSchema, { type: 'object' }),
      strict: optional(z.boolean()),
    }),
  }),
])
export type ResponseFormat = z.infer<typeof ResponseFormat>

/** vLLM's extension of the same name (0.12 and later): one of the four. `grammar` is EBNF with a rule `root`. */
export const StructuredOutputs = z
  .strictObject({
    json: optional(JsonSchema),
    regex: optional(z.string().min(1).max(2000)),
    choice: optional(z.array(z.string().min(1).max(1000)).min(1).max(1000)),
    grammar: optional(z.string().min(1).max(32_768)),
  })
  .refine(
    (given) => Object.values(given).filter((one) => one !== undefined).length === 1,
    'exactly one of json, regex, choice and grammar',
  )
export type StructuredOutputs = z.infer<typeof StructuredOutputs>

/** Tools of one request. */
export const MOST_TOOLS = 64

/** One function that the model may ask for. */
export const Tool = z.strictObject({
  type: z.literal('function').describe('"function" (no other kind of tool is supported)'),
  function: z.strictObject({
    name: FunctionName,
    description: optional(z.string().max(4096)),
    /** A function without this takes no arguments. */
    parameters: optional(z.record(z.string(), z.unknown())),
    strict: optional(z.boolean()),
  }),
})
export type Tool = z.infer<typeof Tool>

const ToolChoiceWord = z.enum(['none', 'auto', 'required'])
const NamedTool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({ name: FunctionName }),
})
const ToolChoice = z.union([ToolChoiceWord, NamedTool])
export type ToolChoice = z.infer<typeof ToolChoice>

/** The same as a client sends it, which may also name some of the tools. */
const AskedToolChoice = z.union([
  ToolChoiceWord,
  z.discriminatedUnion('type', [
    NamedTool,
    z.strictObject({
      type: z.literal('allowed_tools'),
      allowed_tools: z.strictObject({
        mode: z.enum(['auto', 'required']),
        tools: z.array(NamedTool).min(1).max(MOST_TOOLS),
      }),
    }),
  ]),
])
export type AskedToolChoice = z.infer<typeof AskedToolChoice>

/** Some services put signed thoughts into the ids of their calls, which come back in histories. No prompt has them. */
export const ToolCallId = z.string().min(1).max(4096)

/** Characters of a call's arguments. */
export const MOST_ARGUMENTS = 65_536

/** A call that the model asks for; `arguments` is JSON text. */
export const ToolCall = z.strictObject({
  id: ToolCallId,
  type: z.literal('function').describe('"function" (no other kind of tool is supported)'),
  function: z.strictObject({ name: FunctionName, arguments: z.string().max(MOST_ARGUMENTS) }),
})
export type ToolCall = z.infer<typeof ToolCall>
/** Calls of one message. */
export const MOST_CALLS = 32
export const ToolCalls = z.array(ToolCall).min(1).max(MOST_CALLS)

/** The fields of a chat request that set the structure of the answer. */
export const structure = {
  response_format: ResponseFormat.optional(),
  structured_outputs: StructuredOutputs.optional(),
  tools: z.array(Tool).min(1).max(MOST_TOOLS).optional(),
  tool_choice: ToolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
}

/** What the documentation says of how many calls an answer has, where a request leaves that out. */
export const CALLS_UNSAID = 'Left out, a model whose template has no calls makes one.'

/** The same fields as a client sends them. */
export const askedStructure = {
  response_format: honoured(
    'A schema is always enforced, whatever `strict` says. Without a schema any object will do.',
    ResponseFormat,
  ),
  structured_outputs: honoured(
    'A field of vLLM: one of `json`, `regex`, `choice` and `grammar`.',
    StructuredOutputs,
  ),
  tools: honoured('Functions only. An empty list is none.', z.array(Tool).max(MOST_TOOLS)),
  tool_choice: honoured('Of functions only; `allowed_tools` is the same as fewer `tools`.', AskedToolChoice),
  parallel_tool_calls: honoured(`\`false\`: at most one call an answer. ${CALLS_UNSAID}`, z.boolean()),
}

/** A part of a call in a streamed answer. The first part names the function, the others carry its arguments. */
export type ToolCallDelta = {
  index: number
  id?: string
  type?: 'function'
  function: { name?: string; arguments: string }
}
