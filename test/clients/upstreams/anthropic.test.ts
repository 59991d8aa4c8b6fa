import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import {
  ANTHROPIC_ANSWERS,
  ANTHROPIC_START,
  ANTHROPIC_THINKING,
  anthropicError,
  begunWith,
  errorEvent,
} from '../../fixtures/vendors/anthropic.ts'
import { type Script, startScripted } from '../../fixtures/vendors/scripted.ts'

// Anthropic's API, asked by Anthropic's own package: by itself, and through the edge. Both read the same.

const KEY = 'sk-ant-canary-upstream'
let script: Script
let vendor: Awaited<ReturnType<typeof startScripted>>
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let direct: Anthropic
let through: Anthropic
let openai: OpenAI

beforeAll(async () => {
  vendor = await startScripted(() => script)
  const there = { kind: 'anthropic', url: vendor.url, key: 'UPSTREAM_KEY_ANTHROPIC' }
  edge = await startUpstreamEdge({
    upstreams: [
      { id: 'claude', ...there },
      { id: 'bytes', ...there, broken: 'bytes' },
    ],
    models: [
      upstreamModel('chat', { tasks: ['chat'], upstreams: [{ id: 'claude', model: 'claude-opus-4-5' }] }),
      upstreamModel('bytes', { tasks: ['chat'], upstreams: [{ id: 'bytes' }] }),
    ],
    variables: { UPSTREAM_KEY_ANTHROPIC: KEY },
  })
  const options = { apiKey: edge.token, fetch: edge.fetch, maxRetries: 0 }
  direct = new Anthropic({ baseURL: vendor.url, apiKey: 'sk-direct', maxRetries: 0 })
  through = new Anthropic({ baseURL: 'http://edge.example', ...options })
  openai = new OpenAI({ baseURL: 'http://edge.example/v1', ...options })
})
afterAll(async () => {
  await vendor.stop()
  await edge.stop()
})
beforeEach(async () => {
  // Three failures one after the other would open the breaker.
  script = ANTHROPIC_ANSWERS.text?.whole ?? {}
  for (const model of ['chat', 'bytes']) await through.messages.create({ ...ASKED, model })
  vendor.asked.length = 0
})

const ASKED = { model: 'chat', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello' }] }
const last = async () => (await edge.charged()).at(-1)
/** What both must say alike. All of a prompt's tokens are input tokens here, those of the vendor's cache too. */
const told = ({ content, stop_reason, stop_sequence, usage }: Anthropic.Message) => ({
  content,
  stop_reason,
  stop_sequence,
  input: usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0),
  output: usage.output_tokens,
})

describe('the package reads the same through the edge', () => {
  it.each(Object.entries(ANTHROPIC_ANSWERS))('whole, and as a stream: %s', async (_, { whole, stream }) => {
    script = whole
    const answer = told(await direct.messages.create(ASKED))
    expect(told(await through.messages.create(ASKED))).toEqual(answer)
    const charged = { outcome: 'ok', prompt: 19, output: 10, units: 19 + 4 * 10 }
    expect(await last()).toMatchObject(charged)
    script = stream
    expect(told(await direct.messages.stream(ASKED).finalMessage())).toEqual(answer)
    expect(told(await through.messages.stream(ASKED).finalMessage())).toEqual(answer)
    expect(await last()).toMatchObject(charged)
  })

  it('but for thoughts, which are left out', async () => {
    for (const one of [ANTHROPIC_THINKING.whole, ANTHROPIC_THINKING.stream]) {
      script = one
      const message =
        one === ANTHROPIC_THINKING.whole
          ? await through.messages.create(ASKED)
          : await through.messages.stream(ASKED).finalMessage()
      expect(message.content).toMatchObject([{ type: 'text', text: 'Hello' }])
      expect(JSON.stringify(message)).not.toContain('greets')
    }
  })

  it('tokens, counted by the vendor, for nothing', async () => {
    const before = (await edge.charged()).length
    script = { json: { input_tokens: 17 } }
    const asked = { model: 'chat', messages: ASKED.messages, system: 'Be terse.' }
    expect(await through.messages.countTokens(asked)).toEqual({ input_tokens: 17 })
    expect(vendor.asked).toMatchObject([
      {
        path: '/v1/messages/count_tokens',
        body: {
          ...asked,
          model: 'claude-opus-4-5',
          messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
        },
      },
    ])
    expect(await edge.charged()).toHaveLength(before)
  })
})

it("OpenAI's package reads it too: parallel calls, streamed arguments, cached tokens", async () => {
  script = ANTHROPIC_ANSWERS.tools?.stream ?? {}
  const messages = [{ role: 'user' as const, content: 'Hello' }]
  const stream = openai.chat.completions.stream({
    model: 'chat',
    messages,
    max_tokens: 50,
    stream_options: { include_usage: true },
  })
  const { choices, usage } = await stream.finalChatCompletion()
  expect(choices).toMatchObject([
    {
      finish_reason: 'tool_calls',
      message: {
        content: 'I look.',
        tool_calls: [
          { id: 'toolu_a1', type: 'function', function: { name: 'weather', arguments: '{"city": "Oslo"}' } },
          {
            id: 'toolu_b2',
            type: 'function',
            function: { name: 'weather', arguments: '{"city": "Bergen"}' },
          },
        ],
      },
    },
  ])
  expect(usage).toMatchObject({ prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 })
  script = ANTHROPIC_ANSWERS.refused?.whole ?? {}
  expect(await openai.chat.completions.create({ model: 'chat', messages, max_tokens: 50 })).toMatchObject({
    model: 'chat',
    choices: [{ finish_reason: 'content_filter', message: { content: 'I can' } }],
    usage: { prompt_tokens_details: { cached_tokens: 6 } },
  })
})

describe('the vendor is asked', () => {
  it('with its own key, version and name of the model; all that a chat can say has its place', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    const named = { name: 'weather', description: 'Tells it.', parameters: schema }
    await openai.chat.completions.create({
      model: 'chat',
      max_tokens: 40,
      temperature: 0.5,
      top_p: 0.9,
      stop: 'x',
      user: 'ada',
      parallel_tool_calls: false,
      tool_choice: { type: 'function', function: { name: 'weather' } },
      tools: [
        { type: 'function', function: named },
        { type: 'function', function: { name: 'clock' } },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
      messages: [
        { role: 'system', content: 'Be terse.' },
        { role: 'user', content: 'Weather?' },
        { role: 'user', content: '' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_a1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
            { id: 'odd id', type: 'function', function: { name: 'clock', arguments: '' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_a1', content: 'Rain' },
        { role: 'tool', tool_call_id: 'odd id', content: '' },
        { role: 'user', content: 'And then?' },
        { role: 'developer', content: 'In Norwegian.' },
      ],
    })
    const [{ path, headers, body } = expect.fail('nothing was asked')] = vendor.asked
    expect(path).toBe('/v1/messages')
    expect(headers).toMatchObject({ 'x-api-key': KEY, 'anthropic-version': '2023-06-01' })
    expect(headers.authorization).toBeUndefined()
    expect(body).toEqual({
      model: 'claude-opus-4-5',
      max_tokens: 40,
      temperature: 0.5,
      top_p: 0.9,
      stop_sequences: ['x'],
      stream: false,
      system: 'Be terse.\n\nIn Norwegian.',
      tools: [
        { name: 'weather', description: 'Tells it.', input_schema: schema },
        { name: 'clock', input_schema: { type: 'object' } },
      ],
      tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
      output_config: { format: { type: 'json_schema', schema } },
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'call_a1', name: 'weather', input: { city: 'Oslo' } },
            { type: 'tool_use', id: 'call_other_0', name: 'clock', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_a1', content: 'Rain' },
            { type: 'tool_result', tool_use_id: 'call_other_0' },
            { type: 'text', text: 'And then?' },
          ],
        },
      ],
    })
  })

  it.each([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['seed', { seed: 1 }],
    ['temperature', { temperature: 1.5 }],
    ['frequency_penalty', { frequency_penalty: 1 }],
    ['logit_bias', { logit_bias: { '5': 1 } }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['structured_outputs', { structured_outputs: { regex: 'a' } }],
    [
      'messages[0].tool_calls[0].function.arguments',
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '[1]' } }],
          },
        ],
      },
    ],
  ])('for nothing that it cannot do: %s', async (param, changes) => {
    const asking = {
      model: 'chat',
      max_tokens: 40,
      messages: [{ role: 'user' as const, content: 'Hello' }],
      ...changes,
    }
    await expect(
      openai.chat.completions.create(asking as OpenAI.ChatCompletionCreateParamsNonStreaming),
    ).rejects.toMatchObject({ status: 400, code: 'invalid_request', param })
    expect(vendor.asked).toEqual([])
    expect(await last()).toMatchObject({ outcome: 'refused', units: 0 })
  })
})

describe('what fails', () => {
  it.each([
    ['a key that it refuses', anthropicError(401, 'authentication_error'), 502],
    ['too many requests', anthropicError(429, 'rate_limit_error', { 'retry-after': '17' }), 529],
    ['overload', anthropicError(529, 'overloaded_error', { 'retry-after': '17' }), 529],
    [
      'money that is used up',
      anthropicError(
        400,
        'invalid_request_error',
        undefined,
        'Your credit balance is too low to access the Anthropic API.',
      ),
      502,
    ],
    [
      'a prompt that is too long',
      anthropicError(
        400,
        'invalid_request_error',
        undefined,
        'prompt is too long: 205000 tokens > 200000 maximum',
      ),
      400,
    ],
    ['a request that is too large', anthropicError(413, 'request_too_large'), 400],
    ['a request that it does not take', anthropicError(400, 'invalid_request_error'), 400],
    ['a failure', anthropicError(500, 'api_error'), 502],
    ['overload, said by a stream', { events: [errorEvent('overloaded_error')] }, 529],
  ])(
    'before anything is computed costs nothing, and none of its words go on: %s',
    async (_, answer, status) => {
      script = answer
      const asked =
        'events' in answer ? through.messages.stream(ASKED).finalMessage() : through.messages.create(ASKED)
      const error = await asked.then(
        () => expect.fail('answered'),
        (thrown: InstanceType<typeof Anthropic.APIError>) => thrown,
      )
      expect(error).toMatchObject({ status })
      expect(error.message).not.toMatch(/secret words|credit|205000/)
      expect((await last())?.units).toBe(0)
    },
  )

  it.each([
    ['an error event', [errorEvent('overloaded_error')]],
    ['an end without its last event', []],
    ['an end without a reason', [{ event: 'message_stop', data: { type: 'message_stop' } }]],
    ['what is no JSON', ['event: x\ndata: {"type\n\n']],
  ])('in the middle of a stream ends it with an error, and is charged: %s', async (_, more) => {
    for (const [model, output] of [
      ['chat', 50],
      ['bytes', 'Hel'.length],
    ] as const) {
      script = begunWith(...more)
      let text = ''
      const stream = through.messages.stream({ ...ASKED, model }).on('text', (said) => {
        text += said
      })
      await expect(stream.finalMessage()).rejects.toMatchObject({ error: { error: { type: 'api_error' } } })
      expect(text).toBe('Hel')
      // The vendor has counted the prompt.
      expect(await last()).toMatchObject({ outcome: 'failed', prompt: 19, output })
    }
  })

  it('before a stream has said anything of its answer is no answer yet', async () => {
    script = { events: [{ event: 'ping', data: { type: 'ping' } }, errorEvent('overloaded_error')] }
    await expect(through.messages.stream(ASKED).finalMessage()).rejects.toMatchObject({ status: 529 })
    script = { events: [ANTHROPIC_START, errorEvent('overloaded_error')] }
    await expect(through.messages.stream(ASKED).finalMessage()).rejects.toMatchObject({ status: undefined })
  })
})

it('no line of the log has the key, or a word of the vendor or of a prompt', () => {
  expect(edge.lines.length).toBeGreaterThan(5)
  for (const line of edge.lines) expect(line).not.toMatch(/canary|secret words|Hello/)
})
