import * as z from 'zod'
import type { FinishReason } from '../../shared/openai/chat.ts'
import type { Tally } from './tally.ts'

// What is read of the answers of Anthropic's Messages API. Other fields are dropped.

const Count = z.int().min(0)

/** Tokens of a prompt that were read from the vendor's cache, or written to it, are tokens of the prompt like others. */
export const Usage = z.object({
  input_tokens: Count.nullish(),
  cache_creation_input_tokens: Count.nullish(),
  cache_read_input_tokens: Count.nullish(),
  output_tokens: Count.nullish(),
})

/** Takes what it counted; the tokens that were read from its cache. */
export function count(
  usage: z.output<typeof Usage> | undefined,
  tally: Tally,
  output: boolean,
): number | undefined {
  if (!usage) return undefined
  const {
    input_tokens: input,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens,
  } = usage
  tally.counted({
    promptTokens: input == null ? undefined : input + (written ?? 0) + (read ?? 0),
    outputTokens: output ? (output_tokens ?? undefined) : undefined,
  })
  return read ?? undefined
}

const FINISHES: Readonly<Record<string, FinishReason>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

/** Why a message ended. What is not known is an end like any other. */
export const Ending = z.object({
  stop_reason: z
    .string()
    .nullish()
    .transform((reason) => (reason == null ? null : (FINISHES[reason] ?? 'stop'))),
  stop_sequence: z.string().max(256).nullish(),
})

const Text = z.object({ type: z.literal('text'), text: z.string() })
const ToolUse = z.object({
  type: z.literal('tool_use'),
  id: z.string().min(1).max(4096),
  name: z.string().min(1).max(256),
  input: z.record(z.string(), z.unknown()),
})
/** Thoughts, and kinds of blocks that nothing here asks for. */
const Other = z.looseObject({ type: z.string() })

/** A block of a message; undefined for one that is not passed on. */
export const Block = z
  .union([Text, ToolUse, Other])
  .transform((block) => (isText(block) || isToolUse(block) ? block : undefined))
export type Block = NonNullable<z.output<typeof Block>>

type AnyBlock = z.output<typeof Text> | z.output<typeof ToolUse> | z.output<typeof Other>
const isText = (block: AnyBlock): block is z.output<typeof Text> => block.type === 'text'
const isToolUse = (block: AnyBlock): block is z.output<typeof ToolUse> => block.type === 'tool_use'
