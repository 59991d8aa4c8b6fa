import * as z from 'zod'

/** Any JSON schema. The compiler checks which of its keywords are supported. */
const JsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())])

const Name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'letters, digits, "_" and "-", 1 to 64 of them')

/** `response_format` (OpenAI's API reference, Chat). A schema is always enforced, so `strict` changes nothing. */
export const ResponseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: Name,
      description: z.string().max(4096).optional(),
      schema: JsonSchema,
      strict: z.boolean().nullish(),
    }),
  }),
])
export type ResponseFormat = z.infer<typeof ResponseFormat>

/** vLLM's extension of the same name (0.12 and later): one of the four. `grammar` is EBNF with a rule `root`. */
export const StructuredOutputs = z
  .strictObject({
    json: JsonSchema.optional(),
    regex: z.string().min(1).max(2000).optional(),
    choice: z.array(z.string().min(1).max(1000)).min(1).max(1000).optional(),
    grammar: z.string().min(1).max(32_768).optional(),
  })
  .refine(
    (given) => Object.values(given).filter((one) => one !== undefined).length === 1,
    'exactly one of json, regex, choice and grammar',
  )
export type StructuredOutputs = z.infer<typeof StructuredOutputs>

/** One function that the model may ask for. */
export const Tool = z.strictObject({
  type: z.literal('function', 'only functions are supported'),
  function: z.strictObject({
    name: Name,
    description: z.string().max(4096).optional(),
    /** A function without this takes no arguments. */
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
})
export type Tool = z.infer<typeof Tool>

export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: Name }) }),
])
export type ToolChoice = z.infer<typeof ToolChoice>

export const ToolCallId = z.string().min(1).max(64)

/** A call that the model asks for; `arguments` is JSON text. */
const ToolCall = z.strictObject({
  id: ToolCallId,
  type: z.literal('function'),
  function: z.strictObject({ name: Name, arguments: z.string().max(65_536) }),
})
export type ToolCall = z.infer<typeof ToolCall>
export const ToolCalls = z.array(ToolCall).min(1).max(32)

/** The fields of a chat request that set the structure of the answer. */
export const structure = {
  response_format: ResponseFormat.optional(),
  structured_outputs: StructuredOutputs.optional(),
  tools: z.array(Tool).min(1).max(64).optional(),
  tool_choice: ToolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
}

/** A part of a call in a streamed answer. The first part names the function, the others carry its arguments. */
export type ToolCallDelta = {
  index: number
  id?: string
  type?: 'function'
  function: { name?: string; arguments: string }
}
