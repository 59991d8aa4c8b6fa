import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import {
  OPENAI_ANSWERS,
  OPENAI_BROKEN,
  OPENAI_COMPLETION,
  OPENAI_HANGING,
  OPENAI_LOGPROBS,
  OPENAI_UNCOUNTED,
  OPENAI_USAGE,
  openaiError,
} from '../../fixtures/vendors/openai.ts'
import { type Script, startScripted } from '../../fixtures/vendors/scripted.ts'

// A server in OpenAI's form, asked by OpenAI's own package: by itself, and through the edge. Both read the same.

const KEY = 'sk-canary-upstream'
let script: Script
let vendor: Awaited<ReturnType<typeof startScripted>>
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let direct: OpenAI
let through: OpenAI

beforeAll(async () => {
  vendor = await startScripted(() => script)
  const url = `${vendor.url}/v1`
  const there = { url, key: 'UPSTREAM_KEY_OPENAI' }
  edge = await startUpstreamEdge({
    upstreams: [
      { id: 'openai', kind: 'openai', ...there },
      { id: 'bytes', kind: 'openai', ...there, broken: 'bytes' },
      { id: 'vllm', kind: 'openai', url, speaks: 'vllm' },
      { id: 'late', kind: 'openai', ...there, timeout_ms: 100 },
    ],
    models: [
      upstreamModel('chat', { upstreams: [{ id: 'openai', model: 'gpt-4.1' }] }),
      upstreamModel('bytes', { upstreams: [{ id: 'bytes' }] }),
      upstreamModel('vllm', { upstreams: [{ id: 'vllm' }] }),
      upstreamModel('late', { upstreams: [{ id: 'late' }] }),
      upstreamModel('embed', { tasks: ['embedding'], upstreams: [{ id: 'openai' }] }),
    ],
    variables: { UPSTREAM_KEY_OPENAI: KEY },
  })
  direct = new OpenAI({ baseURL: url, apiKey: 'sk-direct', maxRetries: 0 })
  through = new OpenAI({
    baseURL: 'http://edge.example/v1',
    apiKey: edge.token,
    fetch: edge.fetch,
    maxRetries: 0,
  })
})
afterAll(async () => {
  await vendor.stop()
  await edge.stop()
})
beforeEach(async () => {
  // What a test before made away is back within a second, and three failures in a row make no more of it.
  script = OPENAI_ANSWERS.text?.whole ?? {}
  for (const model of ['chat', 'bytes'])
    await expect.poll(() => chat(through, { model }).then(({ model: said }) => said)).toBe(model)
  vendor.asked.length = 0
  vendor.state.left = 0
})

const MESSAGES = [{ role: 'user' as const, content: 'Hello' }]
const chat = (client: OpenAI, changes: object = {}) =>
  client.chat.completions.create({
    model: 'chat',
    messages: MESSAGES,
    max_tokens: 50,
    ...changes,
  }) as Promise<OpenAI.ChatCompletion>
const streamed = (client: OpenAI, changes: object = {}) =>
  client.chat.completions
    .stream({
      model: 'chat',
      messages: MESSAGES,
      max_tokens: 50,
      stream_options: { include_usage: true },
      ...changes,
    })
    .finalChatCompletion()
const last = async () => (await edge.charged()).at(-1)
/** What both must say alike: ids, times and names of the vendor's are not passed on, nor are thoughts. */
const told = ({ choices, usage }: OpenAI.ChatCompletion) => ({
  choices: choices.map(({ index, message: { content, refusal, tool_calls }, logprobs, finish_reason }) => ({
    index,
    // A stream begins with empty text where a whole answer has none.
    content: content || null,
    refusal: refusal ?? null,
    calls:
      tool_calls?.map((call) =>
        call.type === 'function' ? { id: call.id, ...call.function, parsed_arguments: undefined } : call,
      ) ?? [],
    logprobs: logprobs?.content?.map(({ token, logprob }) => [token, logprob]) ?? null,
    finish_reason,
  })),
  usage: [usage?.prompt_tokens, usage?.completion_tokens, usage?.total_tokens],
})

describe('the package reads the same through the edge', () => {
  it.each(Object.entries(OPENAI_ANSWERS))('whole, and as a stream: %s', async (name, { whole, stream }) => {
    const asking = name === 'two' ? { n: 2 } : {}
    script = whole
    const answer = told(await chat(direct, asking))
    expect(told(await chat(through, asking))).toEqual(answer)
    const charged = { outcome: 'ok', prompt: 19, output: 10, units: 19 + 4 * 10 }
    expect(await last()).toMatchObject(charged)
    script = stream
    const piecewise = told(await streamed(direct, asking))
    expect(told(await streamed(through, asking))).toEqual(piecewise)
    expect(piecewise).toEqual(answer)
    expect(await last()).toMatchObject(charged)
  })

  it('log probabilities, with the bytes of a token where the vendor has none', async () => {
    const asking = { logprobs: true, top_logprobs: 2 }
    script = OPENAI_LOGPROBS.whole
    const answer = await chat(through, asking)
    expect(told(answer)).toEqual(told(await chat(direct, asking)))
    expect(answer.choices[0]?.logprobs?.content?.[0]?.top_logprobs[1]).toEqual({
      token: 'Yo',
      logprob: -1.5,
      bytes: [89, 111],
    })
    script = OPENAI_LOGPROBS.stream
    expect(told(await streamed(through, asking))).toEqual(told(answer))
  })

  it('completions, whole and as a stream', async () => {
    const asking = { model: 'chat', prompt: 'Once', max_tokens: 9 }
    script = OPENAI_COMPLETION.whole
    const [one, other] = [await direct.completions.create(asking), await through.completions.create(asking)]
    expect(other.choices).toEqual(one.choices)
    expect(other).toMatchObject({ model: 'chat', usage: { prompt_tokens: 19, completion_tokens: 10 } })
    script = OPENAI_COMPLETION.stream
    const texts = async (client: OpenAI) => {
      let text = ''
      for await (const { choices } of await client.completions.create({ ...asking, stream: true }))
        text += choices.map((choice) => `${choice.text}${choice.finish_reason ?? ''}`).join('')
      return text
    }
    expect(await texts(through)).toBe(' in a landlength')
    expect(await texts(direct)).toBe(' in a landlength')
  })

  it.each(['float', 'base64'] as const)(
    'embeddings, where it asks for %s and the vendor sends either',
    async (encoding) => {
      const floats = [0.5, -0.25, 1]
      const packed = Buffer.from(new Float32Array(floats).buffer).toString('base64')
      for (const embedding of [floats, packed]) {
        const data = [1, 0].map((index) => ({ object: 'embedding', index, embedding }))
        script = {
          json: {
            object: 'list',
            data,
            model: 'text-embedding-3-small',
            usage: { prompt_tokens: 8, total_tokens: 8 },
          },
        }
        const answer = await through.embeddings.create({
          model: 'embed',
          input: ['a', 'b'],
          encoding_format: encoding,
        })
        expect(answer.data.map(({ index }) => index)).toEqual([0, 1])
        expect(answer.data[0]?.embedding).toEqual(encoding === 'float' ? floats : packed)
        expect(await last()).toMatchObject({ outcome: 'ok', prompt: 8, output: 0, units: 8 })
      }
    },
  )
})

describe('the vendor is asked', () => {
  it('with its own key and the name that it has for the model, and learns nothing of who asks', async () => {
    script = OPENAI_ANSWERS.text?.whole ?? {}
    await chat(through, { user: 'lovelace', stop: ['x'], temperature: 0.5, seed: 7 })
    const [{ path, headers, body } = expect.fail('nothing was asked')] = vendor.asked
    expect(path).toBe('/v1/chat/completions')
    expect(headers.authorization).toBe(`Bearer ${KEY}`)
    expect(body).toEqual({
      model: 'gpt-4.1',
      messages: MESSAGES,
      max_completion_tokens: 50,
      temperature: 0.5,
      seed: 7,
      stop: ['x'],
      stream: false,
    })
    expect(JSON.stringify([headers, body])).not.toMatch(/lovelace|edge\.example|twohop/)
  })

  it('for usage in each stream, whatever the client asks', async () => {
    script = OPENAI_ANSWERS.text?.stream ?? {}
    let text = ''
    for await (const { choices, usage } of await through.chat.completions.create({
      model: 'chat',
      messages: MESSAGES,
      stream: true,
    })) {
      text += choices[0]?.delta.content ?? ''
      expect(usage).toBeUndefined()
    }
    expect(text).toBe('Hello “there” \u{1f600}')
    expect(vendor.asked[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(await last()).toMatchObject({ outcome: 'ok', prompt: 19, output: 10 })
  })

  it('by the fields of vLLM where it speaks them, and else refuses them, for nothing', async () => {
    script = OPENAI_ANSWERS.text?.whole ?? {}
    await chat(through, {
      model: 'vllm',
      top_k: 20,
      min_p: 0.1,
      repetition_penalty: 1.1,
      structured_outputs: { regex: 'a+' },
    })
    expect(vendor.asked[0]?.body).toMatchObject({
      model: 'vllm',
      max_tokens: 50,
      top_k: 20,
      min_p: 0.1,
      repetition_penalty: 1.1,
      structured_outputs: { regex: 'a+' },
    })
    expect(vendor.asked[0]?.headers.authorization).toBeUndefined()
    await expect(chat(through, { top_k: 20 })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
      param: 'top_k',
    })
    expect(vendor.asked).toHaveLength(1)
    expect(await last()).toMatchObject({ outcome: 'refused', units: 0 })
  })
})

describe('what fails', () => {
  it.each([
    ['a key that it refuses', openaiError(401, { code: 'invalid_api_key' }), 502, 'host_failed'],
    ['a model that it does not have', openaiError(404, { code: 'model_not_found' }), 502, 'host_failed'],
    [
      'money that is used up',
      openaiError(429, { code: 'insufficient_quota', type: 'insufficient_quota' }),
      502,
      'host_failed',
    ],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' }, json: {} }, 502, 'host_failed'],
    [
      'too many requests',
      openaiError(429, { code: 'rate_limit_exceeded' }, { 'retry-after': '17' }),
      503,
      'host_busy',
    ],
    ['no room', openaiError(503, {}, { 'retry-after': '17' }), 503, 'host_busy'],
    [
      'a prompt that is too long',
      openaiError(400, { code: 'context_length_exceeded', param: 'messages' }),
      400,
      'context_length_exceeded',
    ],
    [
      'the same by vLLM',
      openaiError(400, { code: 400, message: "This model's maximum context length is 8192 tokens." }),
      400,
      'context_length_exceeded',
    ],
    [
      'a request that it does not take',
      openaiError(400, { code: 'invalid_value', param: 'max_completion_tokens' }),
      400,
      'invalid_request',
    ],
    ['a proxy that reaches nobody', openaiError(521), 503, 'host_unavailable'],
    ['a failure', openaiError(500, { type: 'server_error' }), 502, 'host_failed'],
  ])(
    'before anything is computed costs nothing, and none of its words go on: %s',
    async (_, answer, status, code) => {
      script = answer
      const { data, response } = await chat(through).then(
        () => expect.fail('answered'),
        (error: InstanceType<typeof OpenAI.APIError>) => ({ data: error, response: error.headers }),
      )
      expect(data).toMatchObject({ status, code })
      // On a slow machine the scheduled work looks meanwhile whether it is there.
      const asked = vendor.asked.map(({ path }) => path).filter((path) => path !== '/v1/models')
      expect(new Set(asked)).toEqual(new Set(['/v1/chat/completions']))
      expect(data.message).not.toContain('secret words')
      if (code === 'host_busy') expect(response?.get('retry-after')).toBe('17')
      expect((await last())?.units).toBe(0)
    },
  )

  it.each(Object.entries(OPENAI_BROKEN))(
    'in the middle of a stream ends it with an error, and is charged: %s',
    async (_, broken) => {
      script = broken
      for (const [model, output] of [
        ['chat', 50],
        ['bytes', 'Hel'.length],
      ] as const) {
        let text = ''
        const reading = (async () => {
          for await (const { choices } of await through.chat.completions.create({
            model,
            messages: MESSAGES,
            max_tokens: 50,
            stream: true,
          }))
            text += choices[0]?.delta.content ?? ''
        })()
        await expect(reading).rejects.toMatchObject({ code: 'host_failed' })
        expect(text).toBe('Hel')
        const charged = await last()
        expect(charged).toMatchObject({ outcome: 'failed' })
        if (broken !== OPENAI_BROKEN['an end without [DONE]']) expect(charged?.output).toBe(output)
        else expect(charged?.output).toBe(10)
      }
    },
  )

  it('as an error in place of a stream is an answer with a status, for nothing', async () => {
    script = {
      events: [
        { data: { error: { message: 'secret words of the vendor', code: 429, type: 'rate_limit_error' } } },
      ],
    }
    await expect(streamed(through)).rejects.toMatchObject({ status: 503, code: 'host_busy' })
    expect(await last()).toMatchObject({ outcome: 'refused', units: 0 })
  })

  it('as a broken connection before an answer may have been computed, and is charged as reserved', async () => {
    script = { dies: true }
    await expect(chat(through)).rejects.toMatchObject({ status: 503, code: 'host_unavailable' })
    const charged = await last()
    expect(charged?.units).toBe(charged?.reserved)
    expect(charged).toMatchObject({ outcome: 'failed', output: 50 })
    expect(vendor.asked).toHaveLength(1)
  })

  it('by coming too late is charged as reserved', async () => {
    script = { events: [], after: 'hang' }
    await expect(chat(through, { model: 'late', stream: true })).rejects.toMatchObject({
      status: 504,
      code: 'host_timeout',
    })
    const charged = await last()
    expect(charged?.units).toBe(charged?.reserved)
  })

  it('to count costs what was reserved', async () => {
    script = OPENAI_UNCOUNTED.whole
    const { usage } = await chat(through)
    const whole = await last()
    expect(whole).toMatchObject({ outcome: 'ok', output: 50, prompt: usage?.prompt_tokens })
    expect(whole?.units).toBe(whole?.reserved)
    script = OPENAI_UNCOUNTED.stream
    await streamed(through)
    expect(await last()).toEqual(whole)
  })

  it('to count within the reservation costs what was reserved', async () => {
    script = {
      json: {
        ...(OPENAI_ANSWERS.text?.whole.json as object),
        usage: { ...OPENAI_USAGE, completion_tokens: 51 },
      },
    }
    await chat(through)
    const charged = await last()
    expect(charged?.units).toBe(charged?.reserved)
  })

  it.each([
    ['no JSON', 'text'],
    ['no choices', { usage: OPENAI_USAGE }],
    ['a choice without its text', { choices: [{ index: 0, finish_reason: 'stop' }], usage: OPENAI_USAGE }],
    [
      'too many answers',
      { choices: Array(9).fill({ index: 0, message: { content: '' }, finish_reason: 'stop' }) },
    ],
  ])('as an answer that is something else is charged as reserved: %s', async (_, json) => {
    script = { json }
    await expect(chat(through)).rejects.toMatchObject({ status: 502, code: 'host_failed' })
    const charged = await last()
    expect(charged?.units).toBe(charged?.reserved)
  })
})

it.each([
  ['chat', 50],
  ['bytes', 'Hello'.length],
])('a client that leaves ends the call to the vendor: %s', async (model, output) => {
  script = OPENAI_HANGING
  const controller = new AbortController()
  const stream = await through.chat.completions.create(
    { model, messages: MESSAGES, max_tokens: 50, stream: true },
    { signal: controller.signal },
  )
  for await (const { choices } of stream) if (choices[0]?.delta.content === 'Hello') break
  await expect.poll(() => vendor.state.left).toBe(1)
  expect(await last()).toMatchObject({ outcome: 'cancelled', output })
})

it('other APIs read it too: responses and messages', async () => {
  script = OPENAI_ANSWERS.tools?.stream ?? {}
  const tools = [
    { type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: false },
  ]
  const response = await through.responses.stream({ model: 'chat', input: 'Hello', tools }).finalResponse()
  expect(response.output).toMatchObject([
    { type: 'function_call', name: 'weather', arguments: '{"city":"Oslo"}' },
    { type: 'function_call', arguments: '{"city":"Bergen"}' },
  ])
  expect(response.usage).toMatchObject({
    input_tokens: 19,
    output_tokens: 10,
    input_tokens_details: { cached_tokens: 8 },
  })
  for (const name of ['filtered', 'refused']) {
    script = OPENAI_ANSWERS[name]?.whole ?? {}
    const answer = await edge.fetch('http://edge.example/v1/messages', {
      method: 'POST',
      headers: { 'x-api-key': edge.token, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', max_tokens: 50, messages: MESSAGES }),
    })
    expect(await answer.json()).toMatchObject(
      name === 'filtered'
        ? { stop_reason: 'refusal', content: [{ type: 'text', text: 'Hel' }] }
        : { stop_reason: 'end_turn', content: [{ type: 'text', text: 'I cannot help with that.' }] },
    )
  }
  script = OPENAI_ANSWERS.filtered?.whole ?? {}
  expect(await through.responses.create({ model: 'chat', input: 'Hello' })).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'content_filter' },
  })
})

it('the same request with the same idempotency key is answered again, and the vendor is not asked', async () => {
  script = OPENAI_ANSWERS.text?.whole ?? {}
  const asking = { model: 'chat', messages: MESSAGES, max_tokens: 50 }
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const first = await through.chat.completions.create(asking, { headers })
  await edge.charged()
  expect(await through.chat.completions.create(asking, { headers })).toEqual(first)
  expect(vendor.asked).toHaveLength(1)
})

it('no line of the log has the key, or a word of the vendor or of a prompt', () => {
  expect(edge.lines.length).toBeGreaterThan(5)
  for (const line of edge.lines) expect(line).not.toMatch(/canary|secret words|Hello/)
})
