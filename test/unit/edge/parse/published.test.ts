import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { parseCompletion } from '../../../../edge/parse/completions.ts'
import { parseEmbedding } from '../../../../edge/parse/embeddings.ts'
import { parseResponses } from '../../../../edge/parse/responses.ts'
import type { Work } from '../../../../edge/parse/work.ts'
import type { TwohopError } from '../../../../shared/errors.ts'
import { ChatRequest } from '../../../../shared/openai/chat.ts'
import { CompletionRequest } from '../../../../shared/openai/completions.ts'
import { EmbeddingRequest } from '../../../../shared/openai/embeddings.ts'
import { fates } from '../../../../shared/openai/field.ts'
import { Message } from '../../../../shared/openai/messages.ts'
import { ResponsesRequest } from '../../../../shared/openai/responses.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { type Field, objectsOf, publishedFields, publishedUnion } from '../../../fixtures/openai/published.ts'

const CHAT = 'chat/completions/completions'
const pro = entitledTo('pro', {
  ...catalog,
  models: catalog.models.map((entry) => ({ ...entry, dimensions: [1, 2] })),
})

type Route = {
  name: string
  schema: z.ZodObject
  parse: (input: unknown) => Work
  /** The least that a request must say. */
  least: Record<string, unknown>
  published: Record<string, Field>
  /** Fields that OpenAI's API does not have. */
  own: string[]
  /** What some fields need beside them so that they say anything, and more values; instead of those of a chat. */
  beside?: Record<string, object>
  more?: Record<string, unknown[]>
  /** Values of the published type that are refused, each by the path that the error names. */
  refused: string[]
}

const model = 'twohop-chat'
const messages = [{ role: 'user', content: 'hello' }]
const tools = [{ type: 'function', function: { name: 'some_text' } }]
const flatTools = [{ type: 'function', name: 'some_text' }]
const OWN_SAMPLING = ['top_k', 'min_p', 'repetition_penalty', 'structured_outputs']

const ROUTES: Route[] = [
  {
    name: 'chat',
    schema: ChatRequest,
    parse: (input) => parseChat(input, pro),
    least: { model, messages },
    published: publishedFields(CHAT, 'ChatCompletionCreateParamsBase'),
    own: OWN_SAMPLING,
    refused: [
      'audio',
      'function_call',
      'functions',
      'messages[].audio',
      'messages[].content',
      'messages[].content[].image_url.url',
      'messages[].content[].type',
      'messages[].tool_calls[].type',
      'modalities[]',
      'model',
      'moderation',
      'tool_choice.allowed_tools.tools[].type',
      'tool_choice.type',
      'tools[].type',
      'top_p',
      'web_search_options',
    ],
  },
  {
    name: 'responses',
    schema: ResponsesRequest,
    parse: (input) => ({ ...parseResponses(input, pro), form: undefined }),
    least: { model, input: 'hello' },
    published: publishedFields('responses/responses', 'ResponseCreateParamsBase'),
    own: [],
    beside: {
      top_logprobs: { include: ['message.output_text.logprobs'] },
      tool_choice: { tools: flatTools },
      parallel_tool_calls: { tools: flatTools },
    },
    more: {
      include: [['message.output_text.logprobs']],
      tool_choice: [
        { type: 'allowed_tools', mode: 'required', tools: flatTools },
        { type: 'function', name: 'some_text' },
      ],
    },
    refused: [
      'background',
      'context_management',
      'conversation',
      'input[].call_id',
      'input[].content[].image_url',
      'input[].content[].type',
      'input[].role',
      'input[].type',
      'model',
      'moderation',
      'previous_response_id',
      'prompt',
      'store',
      'tool_choice.tools[].type',
      'tool_choice.type',
      'tools[].type',
      'top_p',
    ],
  },
  {
    name: 'completions',
    schema: CompletionRequest,
    parse: (input) => parseCompletion(input, pro),
    least: { model, prompt: 'once' },
    published: publishedFields('completions', 'CompletionCreateParamsBase'),
    own: [...OWN_SAMPLING, 'metadata', 'store'],
    refused: ['best_of', 'echo', 'model', 'prompt', 'prompt[]', 'suffix', 'top_p'],
  },
  {
    name: 'embeddings',
    schema: EmbeddingRequest,
    parse: (input) => parseEmbedding(input, pro),
    least: { model: 'twohop-embed', input: 'hello' },
    published: publishedFields('embeddings', 'EmbeddingCreateParams'),
    own: ['truncate'],
    refused: ['input[]', 'model'],
  },
]

/** The work of a request, or the field and the words of its refusal. */
function outcome(parse: Route['parse'], input: unknown): { work?: Work; param?: string; message?: string } {
  try {
    return { work: parse(input) }
  } catch (error) {
    const { param, message } = error as TwohopError
    return { param: param ?? '', message }
  }
}

const withoutPlaces = (param: string) => param.replaceAll(/\[\d+\]/g, '[]')

/** What some fields need beside them so that they say anything. */
const BESIDE: Record<string, object> = {
  top_logprobs: { logprobs: true },
  tool_choice: { tools },
  parallel_tool_calls: { tools },
}
/** Values for fields that the published types know only as numbers and texts. */
const MORE: Record<string, unknown[]> = {
  top_p: [0, 0.5, 1],
  temperature: [0, 0.1],
  seed: ['0', '-1', '9223372036854775807', '-9223372036854775808', '18446744073709551615'].map(Number),
  dimensions: [1],
  tool_choice: [
    { type: 'allowed_tools', allowed_tools: { mode: 'required', tools } },
    { type: 'function', function: { name: 'some_text' } },
  ],
}
/** A value that changes the work, for fields of our own. */
const OWN: Record<string, unknown> = {
  top_k: 3,
  min_p: 0.5,
  repetition_penalty: 1.5,
  structured_outputs: { regex: 'a' },
  metadata: { a: 'b' },
  store: true,
  truncate: true,
}

describe.each(ROUTES)('a request to $name', (route) => {
  const { schema, parse, least, published, own, refused, beside: besides = BESIDE, more = {} } = route
  const { shape } = schema
  const fateOf = (field: string) => fates.get(shape[field] as z.ZodType)

  it('has every field that the openai package has, and beside them only our own', () => {
    expect(Object.keys(shape).toSorted()).toEqual([...Object.keys(published), ...own].toSorted())
  })

  it('has a fate for each of its fields', () => {
    expect(Object.keys(shape).filter((field) => fateOf(field) === undefined)).toEqual([])
  })

  it.each(Object.keys(shape))('does with %s what its fate says', (field) => {
    const { does } = fateOf(field) ?? {}
    const beside = { ...least, ...besides[field] }
    const { work: plain } = outcome(parse, beside)
    const values = [...(published[field]?.values ?? [OWN[field]]), ...(more[field] ?? MORE[field] ?? [])]
    const outcomes = values.map((value) => ({ value, ...outcome(parse, { ...beside, [field]: value }) }))
    for (const { param, message } of outcomes.filter(({ work }) => work === undefined)) {
      expect(param?.split(/[.[]/)[0]).toBe(field)
      expect(message).toMatch(/^(Expected .+, found .+\.|There is no model of that name for .+)$/)
    }
    const taken = outcomes.filter(({ work, value }) => work !== undefined && value !== null)
    const changed = taken.filter(({ work }) => JSON.stringify(work) !== JSON.stringify(plain))
    if (does === 'honoured' && !(field in least)) expect(changed.length).toBeGreaterThan(0)
    else if (does === 'ignored') {
      expect(taken.length).toBeGreaterThan(0)
      expect(changed).toEqual([])
    } else if (does === 'refused') {
      expect(changed).toEqual([])
      expect(taken.length).toBeLessThan(outcomes.length)
    }
  })

  it.each(Object.keys(shape).filter((field) => !(field in least)))(
    'takes null for %s as if it were not there',
    (field) => {
      const beside = { ...least, ...besides[field] }
      expect(parse({ ...beside, [field]: null })).toEqual(parse(beside))
    },
  )

  it('refuses of the published values these and no other', () => {
    const all = Object.entries(published).flatMap(([field, { values }]) =>
      values.map((value) => outcome(parse, { ...least, ...besides[field], [field]: value })),
    )
    const paths = all.flatMap(({ param }) => (param === undefined ? [] : [withoutPlaces(param)]))
    expect([...new Set(paths)].toSorted()).toEqual(refused)
  })

  it('refuses a field that nobody knows, whatever it is', () => {
    for (const value of [1, null, 'a', {}])
      expect(outcome(parse, { ...least, unknown: value }).param).toBe('unknown')
  })
})

describe('a message', () => {
  const shapes = Message.options.map((option) => option.shape)
  const shapeOf = (role: string) =>
    shapes.find((shape) => shape.role.safeParse(role).success) as Record<string, z.ZodType>

  it.each([
    ...publishedUnion(CHAT, 'ChatCompletionMessageParam'),
    'ChatCompletionMessage',
    'ParsedChatCompletionMessage',
  ])('has every field of %s, each with a fate', (name) => {
    const { role, ...fields } = publishedFields(CHAT, name)
    const shape = shapeOf(String(role?.values[0]))
    for (const field of Object.keys(fields)) expect(fates.get(shape[field] as z.ZodType), field).toBeDefined()
  })

  it.each(shapes.flatMap((shape) => Object.entries(shape).filter(([field]) => field !== 'role')))(
    'knows the fate of %s',
    (_, schema) => {
      expect(fates.get(schema)).toBeDefined()
    },
  )

  it.each(['ChatCompletionMessage', 'ParsedChatCompletionMessage'])(
    'may be a %s as the openai package gives it, pushed into the history',
    (name) => {
      const answers = objectsOf(publishedFields(CHAT, name))
      expect(answers.length).toBeGreaterThan(8)
      const paths = answers.map(
        (answer) =>
          outcome(ROUTES[0]?.parse as Route['parse'], { model, messages: [...messages, answer] }).param,
      )
      const refused = paths.flatMap((param) => (param === undefined ? [] : [withoutPlaces(param)]))
      expect([...new Set(refused)].toSorted()).toEqual(['messages[].audio', 'messages[].tool_calls[].type'])
    },
  )
})
