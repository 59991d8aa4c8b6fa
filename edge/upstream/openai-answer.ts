import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { secondOf } from '../../shared/seconds.ts'
import { generationUsage } from '../../shared/usage.ts'
import { Calls, ChatLogprobs, count, end, Index, TextChoice, thought, Usage } from './openai-shapes.ts'
import type { HostCall } from './port.ts'
import type { Tally } from './tally.ts'
import { floatsOf, packedOf } from './vectors.ts'

const ChatChoice = z.object({
  index: Index,
  message: z.object({
    content: z.string().nullish(),
    refusal: z.string().nullish(),
    tool_calls: Calls,
    ...thought,
  }),
  logprobs: ChatLogprobs,
  ...end,
})
const Answer = z.object({
  choices: z
    .array(z.union([ChatChoice, TextChoice]))
    .min(1)
    .max(8),
  usage: Usage,
})

/** A whole answer as a host writes it. @throws TwohopError host_failed where it is something else */
export function wholeAnswer(
  said: unknown,
  { path, requestId, model }: HostCall,
  tally: Tally,
  now: () => number,
): object {
  const { choices, usage } = read(Answer, said)
  count(usage, tally)
  const isChat = path === '/v1/chat/completions'
  const { promptTokens, outputTokens } = tally.usage()
  const cached = usage?.prompt_tokens_details?.cached_tokens
  return {
    id: `${isChat ? 'chatcmpl' : 'cmpl'}-${requestId}`,
    object: isChat ? 'chat.completion' : 'text_completion',
    created: secondOf(now()),
    model,
    choices: choices.map((choice) => ('text' in choice ? textChoice(choice) : chatChoice(choice))),
    usage: {
      ...generationUsage(promptTokens, outputTokens),
      ...(cached != null && { prompt_tokens_details: { cached_tokens: cached } }),
    },
  }
}

function chatChoice({ index, message, logprobs, finish_reason, stop_reason }: z.output<typeof ChatChoice>) {
  const { content = null, refusal = null, tool_calls: calls } = message
  return {
    index,
    message: {
      role: 'assistant',
      content,
      refusal,
      ...(calls.length > 0 && { tool_calls: calls.map((call) => ({ ...call, type: 'function' })) }),
    },
    logprobs,
    finish_reason: finish_reason ?? 'stop',
    ...(stop_reason !== undefined && { stop_reason }),
  }
}

function textChoice({ index, text, logprobs, finish_reason, stop_reason }: z.output<typeof TextChoice>) {
  return {
    index,
    text,
    logprobs,
    finish_reason: finish_reason ?? 'stop',
    ...(stop_reason !== undefined && { stop_reason }),
  }
}

const isVector = (value: unknown): value is string | number[] =>
  typeof value === 'string'
    ? /^[A-Za-z0-9+/]*={0,2}$/.test(value)
    : Array.isArray(value) && value.every(Number.isFinite)
const Embeddings = z.object({
  data: z
    .array(z.object({ index: z.int().min(0), embedding: z.custom<string | number[]>(isVector) }))
    .max(2048),
  usage: Usage,
})
const Asked = z.object({ input: z.array(z.string()), encoding_format: z.enum(['float', 'base64']) })

/** Vectors as a host writes them, in the order of the texts. @throws TwohopError host_failed where they are not as many */
export function embeddingAnswer(said: unknown, { model, request }: HostCall, tally: Tally): object {
  const { data, usage } = read(Embeddings, said)
  const { input, encoding_format: encoding } = Asked.parse(request)
  const vectors = data.toSorted((a, b) => a.index - b.index)
  if (vectors.length !== input.length || vectors.some(({ index }, i) => index !== i)) throw somethingElse()
  count(usage && { ...usage, completion_tokens: 0 }, tally)
  const { promptTokens } = tally.usage()
  const written = encoding === 'base64' ? packedOf : floatsOf
  return {
    object: 'list',
    data: vectors.map(({ index, embedding }) => ({
      object: 'embedding',
      index,
      embedding: written(embedding),
    })),
    model,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  }
}

function read<T extends z.ZodType>(schema: T, said: unknown): z.output<T> {
  const { data, error } = schema.safeParse(said)
  if (error) throw somethingElse()
  return data
}

const somethingElse = () => new TwohopError('host_failed', 'The model answered with something else.')
