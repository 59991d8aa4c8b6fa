import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEntitle } from '../../../edge/access/entitlement.ts'
import { worstCase, worstCaseOfPairs } from '../../../edge/budget/estimate.ts'
import { parseChat } from '../../../edge/routes/chat.ts'
import { parseCompletion } from '../../../edge/routes/completions.ts'
import { parseEmbedding } from '../../../edge/routes/embeddings.ts'
import { parseRerank } from '../../../edge/routes/rerank.ts'
import { hubTask, parseTask } from '../../../edge/routes/tasks.ts'
import defaults from '../../../shared/catalog.json' with { type: 'json' }
import { Catalog, HUB_TASKS } from '../../../shared/catalog.ts'
import { HostChatRequest } from '../../../shared/openai/chat.ts'
import { HostCompletionRequest } from '../../../shared/openai/completions.ts'
import { HostEmbeddingRequest } from '../../../shared/openai/embeddings.ts'
import type { Tool, ToolCall } from '../../../shared/openai/structure.ts'
import { TOOL_RESPONSE_BYTES, toolCallBytes, toolPromptBytes } from '../../../shared/openai/tool-text.ts'
import { HostRerankRequest } from '../../../shared/rerank.ts'
import { HostTaskRequest } from '../../../shared/tasks.ts'

const catalog = Catalog.parse(defaults)
const entitle = createEntitle(catalog, {
  anonymousPlan: undefined,
  unverifiedEmailPlan: undefined,
  supabaseConfirmsEmail: true,
})
const as = (plan: string) =>
  entitle({
    issuer: 'firebase',
    project: 'demo',
    subject: 'u1',
    issuedAt: 1_795_000_000,
    anonymous: false,
    emailVerified: true,
    plan,
    status: 'active',
    roles: [],
    scopes: undefined,
  })
const free = as('free')
const pro = as('pro')
const hello = { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }] }
const overhead = catalog.models[0]?.overhead ?? { request: 0, item: 0 }

const refusal = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    const { code, param } = error as { code: string; param?: string }
    return [code, param]
  }
  return 'none'
}

describe('a chat request', () => {
  it('becomes work with the plan default for max_tokens and a worst case of bytes plus overhead', () => {
    const work = parseChat(hello, free)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request))).max_tokens).toBe(128)
    const promptTokens = 5 + overhead.request + overhead.item
    expect(work.worst).toEqual({ promptTokens, outputTokens: 128, units: promptTokens + 4 * 128 })
  })

  it('counts UTF-8 bytes, not characters', () => {
    const work = parseChat({ ...hello, messages: [{ role: 'user', content: '€🙂' }] }, free)
    expect(work.worst.promptTokens).toBe(7 + overhead.request + overhead.item)
  })

  it('never reserves more prompt than the context, which the host enforces', () => {
    const work = parseChat({ ...hello, messages: [{ role: 'user', content: 'x'.repeat(5000) }] }, free)
    expect(work.worst.promptTokens).toBe(1024)
  })

  it.each([
    [{ ...hello, messages: [] }, 'messages'],
    [{ ...hello, messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [
      { ...hello, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }] },
      'messages[0].content[0].type',
    ],
    [{ ...hello, temperature: 3 }, 'temperature'],
    [{ ...hello, temperature: Number.NaN }, 'temperature'],
    [{ ...hello, max_tokens: 0 }, 'max_tokens'],
    [{ ...hello, max_tokens: 1.5 }, 'max_tokens'],
    [{ ...hello, max_tokens: 257 }, 'max_tokens'],
    [{ ...hello, max_completion_tokens: 257 }, 'max_completion_tokens'],
    [{ ...hello, n: 9 }, 'n'],
    [{ ...hello, n: 2, max_tokens: 256 }, 'n'],
    [{ ...hello, n: 2, max_tokens: 257 }, 'max_tokens'],
    [{ ...hello, top_logprobs: 21 }, 'top_logprobs'],
    [{ ...hello, messages: [{ role: 'assistant' }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ ...hello, tool_choice: 'maybe' }, 'tool_choice'],
    [{ ...hello, top_k: 1.5 }, 'top_k'],
    [{ ...hello, min_p: 2 }, 'min_p'],
    [{ ...hello, frequency_penalty: 3 }, 'frequency_penalty'],
    [{ ...hello, presence_penalty: -3 }, 'presence_penalty'],
    [{ ...hello, repetition_penalty: 0 }, 'repetition_penalty'],
    [{ ...hello, logit_bias: { 5: 101 } }, 'logit_bias.5'],
    [{ ...hello, logit_bias: { x: 1 } }, 'logit_bias.x'],
    [{ ...hello, tools: [] }, 'tools'],
    [{ ...hello, stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ ...hello, response_format: { type: 'xml' } }, 'response_format.type'],
    [{ ...hello, stream_options: { include_usage: 'yes' } }, 'stream_options.include_usage'],
    [{ messages: hello.messages }, 'model'],
  ])('is refused with the path of its bad field: %o', (body, param) => {
    expect(refusal(() => parseChat(body, free))).toEqual(['invalid_request', param])
  })

  it('hands on what the answer has to be, its tools and messages of tools, and reserves their bytes', () => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }
    const messages = [
      { role: 'developer', content: 'a' },
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', content: 'b', tool_call_id: 'c' },
    ]
    const said = {
      tools,
      tool_choice: 'required',
      response_format: { type: 'text' },
      parallel_tool_calls: false,
    }
    const work = parseChat({ ...hello, messages, ...said, n: 2, logprobs: true, top_logprobs: 4 }, pro)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request)))).toMatchObject({
      ...said,
      n: 2,
      logprobs: 4,
      messages: [
        { role: 'system', content: 'a' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', content: 'b', tool_call_id: 'c' },
      ],
    })
    const plain = parseChat({ ...hello, messages: [{ role: 'user', content: 'ab' }] }, pro).worst
    const extra = toolPromptBytes(tools as Tool[]) + toolCallBytes([call] as ToolCall[]) + TOOL_RESPONSE_BYTES
    // The context of the model bounds it: what is more than that, the host refuses.
    expect(work.worst.promptTokens).toBe(Math.min(1024, plain.promptTokens + 2 * overhead.item + extra))
    expect(work.worst.outputTokens).toBe(2 * plain.outputTokens)
  })

  it('wants no log probabilities where only their number is given', () => {
    expect(parseChat({ ...hello, top_logprobs: 4 }, free).request).not.toHaveProperty('logprobs')
    expect(parseChat({ ...hello, logprobs: true }, free).request).toMatchObject({ logprobs: 0 })
  })

  it('hands on how tokens are to be chosen, and only what the client said of it', () => {
    const said = {
      top_k: 40,
      min_p: 0.1,
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      repetition_penalty: 1.2,
      logit_bias: { 5: -100 },
      seed: 7,
    }
    const sent = HostChatRequest.parse(
      JSON.parse(JSON.stringify(parseChat({ ...hello, ...said }, free).request)),
    )
    expect(sent).toMatchObject(said)
    expect(Object.keys(sent)).not.toContain('temperature')
  })

  it.each([null, 'text', [], 7])('is refused when it is no object: %o', (body) => {
    expect(refusal(() => parseChat(body, free))).toEqual(['invalid_request', undefined])
  })

  it('asks the host to count as it streams, whatever the client asked', () => {
    const work = parseChat({ ...hello, stream: true }, free)
    expect(work.includeUsage).toBe(false)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request))).stream_options).toEqual({
      include_usage: true,
    })
  })

  it('sends no half of a surrogate pair on', () => {
    const work = parseChat({ ...hello, messages: [{ role: 'user', content: 'a\ud800' }] }, free)
    expect((work.request as HostChatRequest).messages[0]?.content).toBe('a\ufffd')
  })

  it('is bounded by its bytes for any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (contents) => {
        const messages = contents.map((content) => ({ role: 'user', content }))
        const bytes = Buffer.byteLength(contents.join(''))
        const { worst } = parseChat({ ...hello, messages }, free)
        expect(worst.promptTokens).toBe(
          Math.min(1024, bytes + overhead.request + overhead.item * messages.length),
        )
      }),
    )
  })
})

describe('the other requests', () => {
  it('completion: one prompt, as the host takes it', () => {
    const work = parseCompletion({ model: 'twohop-chat', prompt: ['Once'], max_tokens: 3, stop: 'x' }, free)
    expect(HostCompletionRequest.parse(JSON.parse(JSON.stringify(work.request)))).toMatchObject({
      prompt: 'Once',
      max_tokens: 3,
      stop: ['x'],
      stream: false,
    })
  })

  it('embedding: single and batch, bounded by the plan', () => {
    const one = parseEmbedding({ model: 'twohop-embed', input: 'a' }, free)
    expect(HostEmbeddingRequest.parse(one.request).input).toEqual(['a'])
    expect(one.worst.outputTokens).toBe(0)
    const input = Array.from({ length: 17 }, () => 'a')
    expect(refusal(() => parseEmbedding({ model: 'twohop-embed', input }, free))).toEqual([
      'invalid_request',
      'input',
    ])
    expect(refusal(() => parseEmbedding({ model: 'twohop-embed', input: ['a', ''] }, free))).toEqual([
      'invalid_request',
      'input[1]',
    ])
  })

  it('tasks: the hub payloads, in one shape for the host', () => {
    const work = parseTask('text-classification', { inputs: 'hi', parameters: { top_k: 2 } }, pro)
    expect(HostTaskRequest.parse(work.request)).toEqual({
      model: 'twohop-classify',
      inputs: ['hi'],
      single: true,
      max_tokens: 0,
      parameters: { top_k: 2 },
    })
    const many = parseTask('feature-extraction', { inputs: ['a', 'b'], normalize: true }, pro)
    expect(HostTaskRequest.parse(many.request)).toMatchObject({
      single: false,
      parameters: { normalize: true },
    })
    const text = parseTask(
      'text-generation',
      { inputs: 'a', parameters: { do_sample: false, max_new_tokens: 5 } },
      pro,
    )
    expect(HostTaskRequest.parse(text.request)).toMatchObject({
      max_tokens: 5,
      parameters: { temperature: 0 },
    })
    expect(
      refusal(() => parseTask('text-generation', { inputs: 'a', parameters: { max_new_tokens: 513 } }, pro)),
    ).toEqual(['invalid_request', 'parameters.max_new_tokens'])
  })

  it('an unknown task is told what there is', () => {
    expect(refusal(() => hubTask('text-to-video'))).toEqual(['task_not_found', undefined])
    expect(() => hubTask('text-to-video')).toThrow(HUB_TASKS.join(', '))
  })
})

describe('requests to encoders', () => {
  const reader = {
    id: 'reader',
    context: 40,
    overhead: { request: 0, item: 2 },
    prices: { prompt: 3, output: 0 },
  }
  const models = [
    'text-ranking',
    'token-classification',
    'zero-shot-classification',
    'fill-mask',
    'question-answering',
  ]
  const encoders = Catalog.parse({
    ...defaults,
    models: [
      ...defaults.models,
      ...models.map((task) => ({ ...reader, id: task, tasks: [task] })),
      { ...reader, id: 'matryoshka', tasks: ['embedding'], dimensions: [64, 128] },
    ],
    plans: defaults.plans.map((plan) => ({
      ...plan,
      models: [...plan.models, ...models, 'matryoshka'],
      limits: { ...plan.limits, inputs_max: 4 },
    })),
  })
  const plan = createEntitle(encoders, {
    anonymousPlan: undefined,
    unverifiedEmailPlan: undefined,
    supabaseConfirmsEmail: true,
  })({
    issuer: 'firebase',
    project: 'demo',
    subject: 'u1',
    issuedAt: 1_795_000_000,
    anonymous: false,
    emailVerified: true,
    plan: 'pro',
    status: 'active',
    roles: [],
    scopes: undefined,
  })
  const sent = (work: { request: object }) => JSON.parse(JSON.stringify(work.request))

  it('rerank: the query is counted with every document, and each pair has a context of its own', () => {
    const documents = ['abc', { text: '€' }, 'x'.repeat(99)]
    const work = parseRerank({ model: 'text-ranking', query: 'four', documents, top_n: 2 }, plan)
    expect(HostRerankRequest.parse(sent(work))).toEqual({
      model: 'text-ranking',
      query: 'four',
      documents: ['abc', '€', 'x'.repeat(99)],
      top_n: 2,
      return_documents: false,
      truncate: false,
    })
    const promptTokens = 4 + 3 + 4 + (4 + 3 + 4) + 40
    expect(work.worst).toEqual({ promptTokens, outputTokens: 0, units: 3 * promptTokens })
  })

  it('zero-shot: each text is counted with each hypothesis', () => {
    const parameters = { candidate_labels: ['a', 'bb'], hypothesis_template: 'it is {}', multi_label: true }
    const work = parseTask('zero-shot-classification', { inputs: ['xyz', 'w'], parameters }, plan)
    expect(HostTaskRequest.parse(sent(work))).toMatchObject({
      inputs: ['xyz', 'w'],
      single: false,
      parameters,
    })
    expect(work.worst.promptTokens).toBe(3 + 7 + 4 + (3 + 8 + 4) + (1 + 7 + 4) + (1 + 8 + 4))
  })

  it('question-answering: the question and the context are one pair', () => {
    const inputs = { question: 'who', context: 'Anna' }
    const work = parseTask('question-answering', { inputs, parameters: { top_k: 2 } }, plan)
    expect(HostTaskRequest.parse(sent(work))).toMatchObject({
      inputs: ['who', 'Anna'],
      parameters: { top_k: 2 },
    })
    expect(work.worst.promptTokens).toBe(3 + 4 + 4)
  })

  it('embeddings: only the dimensions that the catalog allows', () => {
    const embedding = { model: 'matryoshka', input: 'a' }
    const work = parseEmbedding({ ...embedding, dimensions: 64, truncate: true }, plan)
    expect(HostEmbeddingRequest.parse(sent(work))).toMatchObject({ dimensions: 64, truncate: true })
    expect(refusal(() => parseEmbedding({ ...embedding, dimensions: 65 }, plan))).toEqual([
      'invalid_request',
      'dimensions',
    ])
    expect(
      refusal(() => parseEmbedding({ model: 'twohop-embed', input: 'a', dimensions: 64 }, plan)),
    ).toEqual(['invalid_request', 'dimensions'])
  })

  it('whether to cut what is too long is handed on', () => {
    const work = parseTask('token-classification', { inputs: 'a', truncate: true }, plan)
    expect(HostTaskRequest.parse(sent(work)).parameters).toEqual({ truncate: true })
  })

  const zeroShot = (parameters: object, inputs: unknown = ['a', 'b']) =>
    refusal(() => parseTask('zero-shot-classification', { inputs, parameters }, plan))
  it('what is beyond the plan or the task is refused by its field', () => {
    expect(zeroShot({ candidate_labels: ['a', 'b', 'c'] })).toEqual([
      'invalid_request',
      'parameters.candidate_labels',
    ])
    expect(zeroShot({ candidate_labels: [] })).toEqual(['invalid_request', 'parameters.candidate_labels'])
    expect(zeroShot({ candidate_labels: ['a'], hypothesis_template: 'no place' })).toEqual([
      'invalid_request',
      'parameters.hypothesis_template',
    ])
    expect(zeroShot({})).toEqual(['invalid_request', 'parameters.candidate_labels'])
    const documents = ['a', 'b', 'c', 'd', 'e']
    expect(refusal(() => parseRerank({ model: 'text-ranking', query: 'q', documents }, plan))).toEqual([
      'invalid_request',
      'documents',
    ])
    expect(refusal(() => parseTask('question-answering', { inputs: { question: 'who' } }, plan))).toEqual([
      'invalid_request',
      'inputs.context',
    ])
    expect(refusal(() => parseTask('fill-mask', { inputs: 'a', parameters: { top_k: 101 } }, plan))).toEqual([
      'invalid_request',
      'parameters.top_k',
    ])
  })
})

describe('the worst case', () => {
  it('of an encoder is bounded by one context an input', () => {
    const model = catalog.models[1]
    if (!model) throw new Error('no encoder')
    expect(worstCase(model, ['x'.repeat(9999), 'y'], 0).promptTokens).toBe(
      Math.min(10_000 + 2 * model.overhead.item, 2 * model.context),
    )
  })

  it('of pairs counts a shared text with each, and each pair within a context', () => {
    const [, model] = catalog.models
    if (!model) throw new Error('no encoder')
    const pairs = [
      ['€', 'ab'],
      ['€', 'x'.repeat(9999)],
    ] as const
    expect(worstCaseOfPairs(model, pairs).promptTokens).toBe(3 + 2 + 2 * model.overhead.item + model.context)
    expect(worstCaseOfPairs(model, []).promptTokens).toBe(0)
  })
})
