import type * as z from 'zod'
import type { Model } from '../../shared/catalog.ts'
import { imageSizeOf } from '../../shared/data-url.ts'
import { TwohopError } from '../../shared/errors.ts'
import { MOST_ASPECT, mostImageTokens } from '../../shared/image-tokens.ts'
import type { HostChatRequest } from '../../shared/openai/chat.ts'
import { imagesOf, MOST_IMAGES, textOf } from '../../shared/openai/content.ts'
import { type HostMessage, MOST_MESSAGES } from '../../shared/openai/messages.ts'
import type { Choosing } from '../../shared/openai/sampling.ts'
import type { AskedToolChoice, structure, Tool } from '../../shared/openai/structure.ts'
import { refuseLargeStructure } from '../../shared/openai/structure-size.ts'
import { toolPromptBytes } from '../../shared/openai/tool-text.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { AnswerForm } from '../write/form.ts'
import { generation } from './generation.ts'
import { toolBytes } from './messages.ts'
import { offered } from './tools.ts'
import { outputTokens, type Work } from './work.ts'
import { worstCase } from './worst-case.ts'

type Structure = z.infer<z.ZodObject<typeof structure>>

/** What a chat asks for, whichever API asked for it. */
export type ChatAsked = Choosing & {
  model: string
  messages: HostMessage[]
  /** The client's cap on output tokens, and what its API calls the field. */
  limit: { field: string; tokens: number | undefined }
  n?: number | undefined
  stop?: string[] | undefined
  /** How many of the likeliest tokens to report with each token; undefined for no log probabilities. */
  logprobs?: number | undefined
  tools?: Tool[] | undefined
  tool_choice?: AskedToolChoice | undefined
  parallel_tool_calls?: boolean | undefined
  response_format?: Structure['response_format'] | undefined
  structured_outputs?: Structure['structured_outputs'] | undefined
  stream?: boolean | undefined
  includeUsage?: boolean | undefined
  /** How the answer is written; undefined as the host writes it. */
  form?: AnswerForm | undefined
}

/**
 * The work of a chat. Every API that asks for one comes through here, so that it is bounded and reserved the same.
 * @throws TwohopError as refuseLargeStructure, offered, entitlement and outputTokens do, with the names that the fields
 * have in a chat; invalid_request for too many messages
 */
export function chatWork(asked: ChatAsked, entitlement: Entitlement): Work {
  refuseLargeStructure(asked)
  const {
    messages,
    response_format,
    structured_outputs,
    parallel_tool_calls,
    stream = false,
    n: answers = 1,
  } = asked
  if (messages.length > MOST_MESSAGES)
    throw new TwohopError(
      'invalid_request',
      `Expected what makes at most ${MOST_MESSAGES} messages, found what makes ${messages.length}.`,
      { param: 'messages' },
    )
  const { tools, tool_choice } = offered(asked)
  const model = entitlement.requireModel(asked.model, 'chat')
  const tokens = outputTokens(entitlement.plan, model, { ...asked.limit, answers })
  const request: HostChatRequest = {
    model: model.id,
    messages,
    ...generation(asked, tokens, asked.logprobs),
    ...(response_format && { response_format }),
    ...(structured_outputs && { structured_outputs }),
    ...(tools && { tools }),
    ...(tool_choice && { tool_choice }),
    ...(tools && parallel_tool_calls !== undefined && { parallel_tool_calls }),
  }
  const { imageTokens, imageBytes } = shown(model, messages)
  const extra = messages.reduce((sum, one) => sum + toolBytes(one), tools ? toolPromptBytes(tools) : 0)
  return {
    task: 'chat',
    model,
    path: '/v1/chat/completions',
    request,
    imageBytes,
    stream,
    includeUsage: asked.includeUsage ?? false,
    form: asked.form,
    worst: worstCase(
      model,
      messages.map(({ content }) => textOf(content)),
      answers * tokens,
      extra + imageTokens,
    ),
  }
}

/**
 * The most prompt tokens that the images of a chat count as, known from their headers, and their bytes.
 * @throws TwohopError invalid_request where the model reads none, or there are too many of them
 */
function shown(model: Model, messages: readonly HostMessage[]): { imageTokens: number; imageBytes: number } {
  const images = messages.flatMap(({ content }, i) =>
    imagesOf(content).map((url) => ({ field: `messages[${i}].content`, url })),
  )
  const [first] = images
  if (first === undefined) return { imageTokens: 0, imageBytes: 0 }
  const refuse = (field: string, expected: string, found: string) =>
    new TwohopError('invalid_request', `Expected ${expected}, found ${found}.`, { param: field })
  if (model.image_tokens === undefined)
    throw refuse(first.field, `texts alone, since ${model.id} reads no images`, 'an image')
  if (images.length > MOST_IMAGES)
    throw refuse('messages', `at most ${MOST_IMAGES} images`, String(images.length))
  const imageTokens = images.reduce((sum, { field, url }) => {
    const size = imageSizeOf(url, field)
    const [shorter, longer] = [size.width, size.height].toSorted((a, b) => a - b)
    if (model.image_patches && (longer ?? 0) > MOST_ASPECT * (shorter ?? 0))
      throw refuse(
        field,
        `images at most ${MOST_ASPECT} times as long as wide`,
        `${size.width} by ${size.height} pixels`,
      )
    return sum + mostImageTokens(model, size)
  }, 0)
  return { imageTokens, imageBytes: images.reduce((sum, { url }) => sum + url.length, 0) }
}
