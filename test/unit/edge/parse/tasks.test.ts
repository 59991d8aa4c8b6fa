import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { jsonBody } from '../../../../edge/parse/body.ts'
import { parseCompletion } from '../../../../edge/parse/completions.ts'
import { parseEmbedding } from '../../../../edge/parse/embeddings.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import { parseRerank } from '../../../../edge/parse/rerank.ts'
import { hubTask, parseTask } from '../../../../edge/parse/tasks.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { Catalog, HUB_TASKS, type TextTask } from '../../../../shared/catalog.ts'
import { errorResponse } from '../../../../shared/errors.ts'
import { HostCompletionRequest } from '../../../../shared/openai/completions.ts'
import { HostEmbeddingRequest } from '../../../../shared/openai/embeddings.ts'
import { HostRerankRequest } from '../../../../shared/rerank.ts'
import { HostTaskRequest } from '../../../../shared/tasks.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const free = entitledTo('free')
const pro = entitledTo('pro')
const QA = { question: 'who', context: 'Anna' }

describe('completions, embeddings and tasks', () => {
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

  it("the hub's options are not looked into, however deep they are, and go no further", async () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    const body = (levels: number) => `{"inputs":"hi","options":${nested(levels)}}`
    for (const levels of [1, 62, 10_000]) {
      const { request } = parseTask('text-classification', JSON.parse(body(levels)), pro)
      expect(request).not.toHaveProperty('options')
    }
    const app = new Hono<Env>().post('/', async (c) => {
      c.set('readBody', createReadBody(c.req.raw, { most: 1e6, timeoutMs: 1000 }))
      return c.json(await jsonBody(c))
    })
    app.onError((error) => errorResponse(error, 'r1'))
    const sent = (levels: number) =>
      app.request('/', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body(levels),
      })
    expect((await sent(63)).status).toBe(200)
    for (const levels of [64, 3400, 20_000]) {
      const answer = await sent(levels)
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { error: { code: 'invalid_request', param: 'options.a.a.a.a.a.a.a' } },
      ])
    }
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

  it('text-generation: the numbers of the completions, and what changes nothing is passed over', () => {
    const parameters = { seed: 2 ** 63, top_p: 0, clean_up_tokenization_spaces: false, min_length: 2 }
    const work = parseTask('text-generation', { inputs: 'a', parameters }, pro)
    expect(HostTaskRequest.parse(work.request).parameters).toEqual({ seed: 2 ** 63, top_p: 0 })
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
    ...catalog,
    models: [
      ...catalog.models,
      ...models.map((task) => ({ ...reader, id: task, tasks: [task] })),
      { ...reader, id: 'matryoshka', tasks: ['embedding'], dimensions: [64, 128] },
      { ...reader, id: 'unsaid', tasks: ['embedding'] },
      { ...reader, id: 'wide', tasks: ['embedding'], dimensions: [128, 64], width: 256 },
      ...['summarization', 'translation'].map((task) => ({ ...reader, id: task, tasks: [task] })),
    ],
    plans: catalog.plans.map((plan) => ({
      ...plan,
      models: [...plan.models, ...models, 'matryoshka', 'wide', 'unsaid', 'summarization', 'translation'],
      limits: { ...plan.limits, inputs_max: 4 },
    })),
  })
  const entitlement = entitledTo('pro', encoders)
  const sent = (work: { request: object }) => JSON.parse(JSON.stringify(work.request))

  it('rerank: the query is counted with every document, and each pair has a context of its own', () => {
    const documents = ['abc', { text: '€' }, 'x'.repeat(99)]
    const work = parseRerank({ model: 'text-ranking', query: 'four', documents, top_n: 2 }, entitlement)
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
    const work = parseTask('zero-shot-classification', { inputs: ['xyz', 'w'], parameters }, entitlement)
    expect(HostTaskRequest.parse(sent(work))).toMatchObject({
      inputs: ['xyz', 'w'],
      single: false,
      parameters,
    })
    expect(work.worst.promptTokens).toBe(3 + 7 + 4 + (3 + 8 + 4) + (1 + 7 + 4) + (1 + 8 + 4))
  })

  it('question-answering: the question and the context are one pair', () => {
    const inputs = { question: 'who', context: 'Anna' }
    const work = parseTask('question-answering', { inputs, parameters: { top_k: 2 } }, entitlement)
    expect(HostTaskRequest.parse(sent(work))).toMatchObject({
      inputs: ['who', 'Anna'],
      parameters: { top_k: 2 },
    })
    expect(work.worst.promptTokens).toBe(3 + 4 + 4)
  })

  it('embeddings: only the dimensions that the catalog allows', () => {
    const embedding = { model: 'matryoshka', input: 'a' }
    const work = parseEmbedding({ ...embedding, dimensions: 64, truncate: true }, entitlement)
    expect(HostEmbeddingRequest.parse(sent(work))).toMatchObject({ dimensions: 64, truncate: true })
    expect(refusal(() => parseEmbedding({ ...embedding, dimensions: 65 }, entitlement))).toEqual([
      'invalid_request',
      'dimensions',
    ])
    expect(
      refusal(() => parseEmbedding({ model: 'twohop-embed', input: 'a', dimensions: 64 }, entitlement)),
    ).toEqual(['invalid_request', 'dimensions'])
  })

  it('embeddings: the width of the model itself is no cut, and a refusal says what there is', () => {
    const asked = (model: string, dimensions: number) =>
      parseEmbedding({ model, input: 'a', dimensions }, entitlement)
    for (const model of ['twohop-embed', 'wide'])
      expect(sent(asked(model, 256)), model).not.toHaveProperty('dimensions')
    expect(sent(asked('wide', 64))).toMatchObject({ dimensions: 64 })
    // Where the catalog says nothing, the host knows.
    expect(HostEmbeddingRequest.parse(sent(asked('unsaid', 64)))).toMatchObject({
      dimensions: 64,
      whole: true,
    })
    for (const [model, message] of [
      ['twohop-embed', 'twohop-embed has vectors of 256 dimensions.'],
      ['wide', 'wide has vectors of 64 or 128 or 256 dimensions.'],
      ['matryoshka', 'matryoshka has vectors of 64 or 128 dimensions.'],
    ] as const)
      expect(() => asked(model, 257)).toThrow(message)
  })

  it.each<[TextTask, unknown, string[]]>([
    ['token-classification', 'a', ['aggregation_strategy', 'ignore_labels', 'stride']],
    ['fill-mask', 'a', ['top_k', 'targets']],
    [
      'question-answering',
      QA,
      [
        ...['top_k', 'max_answer_len', 'handle_impossible_answer'],
        ...['doc_stride', 'max_seq_len', 'max_question_len', 'align_to_words'],
      ],
    ],
    ['summarization', 'a', ['max_length', 'min_length', 'clean_up_tokenization_spaces', 'truncation']],
    ['translation', 'a', ['src_lang', 'tgt_lang', 'max_new_tokens', 'generate_parameters']],
    [
      'text-generation',
      'a',
      [
        ...['adapter_id', 'best_of', 'decoder_input_details', 'details', 'do_sample', 'frequency_penalty'],
        ...['grammar', 'max_new_tokens', 'repetition_penalty', 'return_full_text', 'seed', 'stop'],
        ...['temperature', 'top_k', 'top_n_tokens', 'top_p', 'truncate', 'typical_p', 'watermark'],
      ],
    ],
  ])('%s: null says as little as leaving out', (task, inputs, names) => {
    const bare = parseTask(task, { inputs }, entitlement)
    const nothing = Object.fromEntries(names.map((name) => [name, null]))
    expect(parseTask(task, { inputs, parameters: nothing }, entitlement)).toEqual(bare)
    expect(parseTask(task, { inputs, model: null, options: null, parameters: null }, entitlement)).toEqual(
      bare,
    )
  })

  it('whether to cut what is too long is handed on', () => {
    const work = parseTask('token-classification', { inputs: 'a', truncate: true }, entitlement)
    expect(HostTaskRequest.parse(sent(work)).parameters).toEqual({ truncate: true })
  })

  it.each<[TextTask, object, object]>([
    ['summarization', { parameters: { min_length: 5, clean_up_tokenization_spaces: true } }, {}],
    ['summarization', { parameters: { generate_parameters: { num_beams: 1, do_sample: false } } }, {}],
    ['translation', { parameters: { truncation: 'longest_first', tgt_lang: 'de' } }, { tgt_lang: 'de' }],
    [
      'question-answering',
      { inputs: QA, parameters: { doc_stride: 9, max_seq_len: 8, top_k: 2 } },
      { top_k: 2 },
    ],
    ['question-answering', { inputs: QA, parameters: { max_question_len: 9, align_to_words: true } }, {}],
    ['token-classification', { parameters: { stride: 4 } }, {}],
    ['feature-extraction', { truncation_direction: 'left' }, {}],
    ['feature-extraction', { truncate: true, truncation_direction: 'Right' }, { truncate: true }],
    ['text-classification', { truncate: false, truncation_direction: 'Left' }, { truncate: false }],
    [
      'text-generation',
      {
        parameters: {
          details: false,
          watermark: false,
          best_of: 1,
          typical_p: 1,
          decoder_input_details: false,
        },
      },
      {},
    ],
    [
      'text-generation',
      { parameters: { top_k: 900, repetition_penalty: 1.2 } },
      { top_k: 900, repetition_penalty: 1.2 },
    ],
  ])(
    '%s: what the hub has besides is honoured or ignored, by what it changes: %j',
    (task, asked, parameters) => {
      const request = HostTaskRequest.parse(parseTask(task, { inputs: 'a', ...asked }, entitlement).request)
      expect(request.parameters).toEqual(parameters)
    },
  )

  it('a length is taken from wherever the clients put it', () => {
    const tokens = (parameters: object) =>
      HostTaskRequest.parse(parseTask('summarization', { inputs: 'a', parameters }, entitlement).request)
        .max_tokens
    expect(tokens({ max_length: 7 })).toBe(7)
    expect(tokens({ max_length: 7, generate_parameters: { max_new_tokens: 9, min_length: 3 } })).toBe(9)
  })

  it.each<[TextTask, object, string]>([
    ['feature-extraction', { truncate: true, truncation_direction: 'left' }, 'truncation_direction'],
    ['token-classification', { truncate: true, truncation_direction: 'Left' }, 'truncation_direction'],
    ['summarization', { parameters: { num_beams: 4 } }, 'parameters.num_beams'],
    [
      'translation',
      { parameters: { generate_parameters: { do_sample: true } } },
      'parameters.generate_parameters.do_sample',
    ],
    ['text-generation', { parameters: { watermark: true } }, 'parameters.watermark'],
    ['text-generation', { parameters: { truncate: 5 } }, 'parameters.truncate'],
    ['feature-extraction', { prompt_name: 'query' }, 'prompt_name'],
  ])('%s: what would change the answer is refused by its name: %j', (task, asked, param) => {
    expect(refusal(() => parseTask(task, { inputs: 'a', ...asked }, entitlement))).toEqual([
      'invalid_request',
      param,
    ])
  })

  const zeroShot = (parameters: object, inputs: unknown = ['a', 'b']) =>
    refusal(() => parseTask('zero-shot-classification', { inputs, parameters }, entitlement))
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
    expect(refusal(() => parseRerank({ model: 'text-ranking', query: 'q', documents }, entitlement))).toEqual(
      ['invalid_request', 'documents'],
    )
    expect(
      refusal(() => parseTask('question-answering', { inputs: { question: 'who' } }, entitlement)),
    ).toEqual(['invalid_request', 'inputs.context'])
    expect(
      refusal(() => parseTask('fill-mask', { inputs: 'a', parameters: { top_k: 101 } }, entitlement)),
    ).toEqual(['invalid_request', 'parameters.top_k'])
  })
})
