import OpenAI from 'openai'
import Replicate from 'replicate'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serveOnLoopback } from '../../fixtures/loopback-server.ts'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import { type Fate, METRICS, replicateError, startReplicate } from '../../fixtures/vendors/replicate.ts'

// Replicate's API, asked by Replicate's own package: by itself, and through the edge. Both read the same.

const KEY = 'r8_canary_upstream'
const TEXT: Fate = {
  pieces: ['Hel', 'lo “the', 're”\n\n', '\u{1f600}'],
  ends: 'succeeded',
  polls: 0,
  stream: '',
}
const SAID = 'Hello “there”\n\n\u{1f600}'
const SAID_BYTES = Buffer.byteLength(SAID)
const PRICED = { prompt: 0, output: 0, compute_second: 1000 }

let fate: Fate
let elsewhere: string[]
let stranger: Awaited<ReturnType<typeof serveOnLoopback>>
let vendor: Awaited<ReturnType<typeof startReplicate>>
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let direct: Replicate
let openai: OpenAI

beforeAll(async () => {
  vendor = await startReplicate(() => fate)
  stranger = await serveOnLoopback((request, response) => {
    elsewhere.push(request.url ?? '')
    response.end('event: output\ndata: a stranger\n\nevent: done\ndata: {}\n\n')
  })
  const there = { kind: 'replicate', url: vendor.url, key: 'UPSTREAM_KEY_REPLICATE', counts: 'tokens' }
  const llama = 'meta/meta-llama-3-8b-instruct'
  const on = (id: string, model = llama, more: object = {}) =>
    upstreamModel(id, { upstreams: [{ id, model }], ...more })
  edge = await startUpstreamEdge({
    upstreams: [
      { id: 'chat', ...there },
      { id: 'bytes', ...there, broken: 'bytes' },
      { id: 'seconds', ...there, counts: 'seconds' },
      { id: 'listed', ...there, inputs: { messages: 'messages', max_tokens: 'max_completion_tokens' } },
      { id: 'late', ...there, timeout_ms: 150 },
      { id: 'other', kind: 'openai', url: stranger.url },
    ],
    models: [
      on('chat'),
      on('bytes'),
      on('late'),
      on('seconds', llama, { prices: PRICED }),
      on('listed', 'openai/gpt-4o-mini', { tasks: ['chat'] }),
      upstreamModel('pinned', { upstreams: [{ id: 'chat', model: 'acme/chat:5c7d5dc6dd8b' }] }),
      upstreamModel('deployed', { upstreams: [{ id: 'chat', model: 'deployments/acme/chat' }] }),
      upstreamModel('astray', { upstreams: [{ id: 'chat', model: '../../account' }] }),
      upstreamModel('backed', { upstreams: [{ id: 'chat', model: llama }], fallback: [{ id: 'other' }] }),
    ],
    variables: { UPSTREAM_KEY_REPLICATE: KEY, REQUEST_TIMEOUT_MS: '5000' },
  })
  direct = new Replicate({ auth: 'r8_direct', baseUrl: vendor.url, useFileOutput: false })
  openai = new OpenAI({
    baseURL: 'http://edge.example/v1',
    apiKey: edge.token,
    fetch: edge.fetch,
    maxRetries: 0,
  })
})
afterAll(async () => {
  await stranger.stop()
  await vendor.stop()
  await edge.stop()
})
beforeEach(() => {
  elsewhere = []
  vendor.asked.length = 0
  fate = TEXT
})

const ASKED = { model: 'chat', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello' }] }
const ask = (changes: object = {}, options: OpenAI.RequestOptions = {}) =>
  openai.chat.completions.create(
    { ...ASKED, ...changes } as OpenAI.ChatCompletionCreateParamsNonStreaming,
    options,
  )
const stream = (changes: object = {}) =>
  openai.chat.completions.stream({ ...ASKED, stream_options: { include_usage: true }, ...changes })
const last = async () => (await edge.charged()).at(-1)
const paths = () => vendor.asked.map(({ method, path }) => `${method} ${path.replace(/p\d{25}/, 'ID')}`)
const COUNTED = { outcome: 'ok', prompt: 19, output: 10, units: 19 + 4 * 10 }

/** Three failures one after the other would open the breaker. */
async function succeed(): Promise<void> {
  fate = { ...TEXT, polls: -1 }
  await ask()
  vendor.asked.length = 0
  fate = TEXT
}

describe('the package reads the same through the edge', () => {
  it('whole', async () => {
    const output = await direct.run('meta/meta-llama-3-8b-instruct', {
      input: { prompt: 'Hello' },
      wait: { mode: 'poll', interval: 1 },
    })
    expect((output as unknown as string[]).join('')).toBe(SAID)
    const { choices, usage } = await ask()
    expect(choices).toMatchObject([{ finish_reason: 'stop', message: { role: 'assistant', content: SAID } }])
    expect(usage).toMatchObject({ prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 })
    expect(await last()).toMatchObject(COUNTED)
  })

  it('as a stream', async () => {
    let output = ''
    for await (const event of direct.stream('meta/meta-llama-3-8b-instruct', { input: { prompt: 'Hello' } }))
      output += event.event === 'output' ? event.data : ''
    expect(output).toBe(SAID)
    vendor.asked.length = 0
    const { choices, usage } = await stream().finalChatCompletion()
    expect(choices).toMatchObject([{ finish_reason: 'stop', message: { content: SAID } }])
    expect(usage).toMatchObject({ prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 })
    expect(await last()).toMatchObject(COUNTED)
    const [, streamed] = vendor.asked
    expect(streamed).toMatchObject({ path: expect.stringMatching(/^\/v1\/streams\//) })
    // The address is its own key.
    expect(streamed?.headers.authorization).toBeUndefined()
  })

  it.each([false, true])('a completion, and one that is cut (a stream: %s)', async (streams) => {
    fate = { ...TEXT, metrics: { ...METRICS, output_token_count: 16 } }
    const asked = { model: 'chat', prompt: 'Once', max_tokens: 16 }
    let text = ''
    let finish: string | null = null
    if (streams)
      for await (const { choices } of await openai.completions.create({ ...asked, stream: true })) {
        text += choices[0]?.text ?? ''
        finish = choices[0]?.finish_reason ?? finish
      }
    else {
      const [choice] = (await openai.completions.create(asked)).choices
      text = choice?.text ?? ''
      finish = choice?.finish_reason ?? null
    }
    expect({ text, finish }).toEqual({ text: SAID, finish: 'length' })
    expect(vendor.asked[0]?.body).toEqual({ input: { prompt: 'Once', max_tokens: 16 } })
  })

  it('through a status that nobody knows', async () => {
    fate = { ...TEXT, polls: 1, begins: 'queued-anew' }
    expect((await ask()).choices[0]?.message.content).toBe(SAID)
  })

  it('an output that is one text', async () => {
    fate = { ...TEXT, output: SAID }
    expect((await ask()).choices[0]?.message.content).toBe(SAID)
  })

  it('a stream of a model that has none, in pieces that are not too long', async () => {
    const long = '\u{1f600}'.repeat(50_000)
    fate = { ...TEXT, output: [long], stream: undefined }
    const { choices } = await stream().finalChatCompletion()
    expect(choices).toMatchObject([{ finish_reason: 'stop', message: { content: long } }])
    expect(await last()).toMatchObject(COUNTED)
  })
})

describe('the vendor is asked', () => {
  it('with its key, a deadline, and inputs that the model has', async () => {
    fate = { ...TEXT, polls: 1 }
    await ask({
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop: ['a', 'b'],
      frequency_penalty: 1,
      user: 'ada',
      messages: [
        { role: 'system', content: 'Be terse.' },
        { role: 'user', content: 'Hello' },
        { role: 'developer', content: 'In Norwegian.' },
      ],
    })
    const [made] = vendor.asked
    expect(made?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'cancel-after': '5s',
      'content-type': 'application/json',
    })
    expect(made?.body).toEqual({
      input: {
        prompt: 'Hello',
        system_prompt: 'Be terse.\n\nIn Norwegian.',
        max_tokens: 50,
        temperature: 0.5,
        top_p: 0.9,
        top_k: 40,
        stop_sequences: 'a,b',
        frequency_penalty: 1,
      },
    })
    expect(paths()).toEqual([
      'POST /v1/models/meta/meta-llama-3-8b-instruct/predictions',
      'GET /v1/predictions/ID',
      'GET /v1/predictions/ID',
    ])
  })

  it.each([
    ['chat', { prompt: 'User: Hello\n\nAssistant: Hi.\n\nUser: And?\n\nAssistant:', max_tokens: 50 }],
    [
      'listed',
      {
        messages: [
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content: 'Hi.' },
          { role: 'user', content: 'And?' },
        ],
        max_completion_tokens: 50,
      },
    ],
  ])('with several messages in the form that the model takes: %s', async (model, input) => {
    await ask({
      model,
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'And?' },
      ],
    })
    expect(vendor.asked[0]?.body).toEqual({ input })
  })

  it.each([
    ['pinned', 'POST /v1/predictions', { version: '5c7d5dc6dd8b' }],
    ['deployed', 'POST /v1/deployments/acme/chat/predictions', {}],
  ])('for one version of a model, and a deployment: %s', async (model, path, body) => {
    await ask({ model })
    expect(paths()[0]).toBe(path)
    expect(vendor.asked[0]?.body).toMatchObject(body)
  })

  it('nowhere else, whatever the catalog calls a model', async () => {
    await expect(ask({ model: 'astray' })).rejects.toMatchObject({ status: 502 })
    expect(vendor.asked).toEqual([])
    expect(await last()).toMatchObject({ units: 0 })
  })

  const tools = [{ type: 'function', function: { name: 'clock' } }]
  const called = {
    role: 'assistant',
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '' } }],
  }
  it.each([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['seed', { seed: 1 }],
    ['min_p', { min_p: 0.1 }],
    ['stop', { stop: ['a,b'] }],
    ['tools', { tools }],
    ['messages', { messages: [called] }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['structured_outputs', { structured_outputs: { regex: 'a' } }],
    ['logit_bias', { logit_bias: { '5': 1 } }],
    ['temperature', { model: 'listed', temperature: 0.5 }],
  ])('for nothing that it cannot do: %s', async (param, changes) => {
    await expect(ask(changes)).rejects.toMatchObject({ status: 400, code: 'invalid_request', param })
    expect(vendor.asked).toEqual([])
    expect(await last()).toMatchObject({ outcome: 'refused', units: 0 })
  })
})

describe('what fails', () => {
  beforeEach(succeed)

  it.each([
    ['a key that it refuses', replicateError(401), 502],
    ['money that is used up', replicateError(402), 502],
    ['a model that is not there', replicateError(404), 502],
    ['too many requests', replicateError(429, 'x', { 'retry-after': '17' }), 503],
    ['a request that it does not take', replicateError(422), 400],
    [
      'a prompt that is too long',
      replicateError(422, 'input: prompt is too long, secret words of the vendor'),
      400,
    ],
    ['a failure', replicateError(500), 502],
    ['an address elsewhere', { refused: { status: 302, headers: { location: '/v1/account' } } }, 502],
  ])(
    'before there is a prediction costs nothing, and none of its words go on: %s',
    async (_, found, status) => {
      fate = found
      for (const streams of [false, true]) {
        const asked = streams ? stream().finalChatCompletion() : ask()
        const error = await asked.then(
          () => expect.fail('answered'),
          (thrown: InstanceType<typeof OpenAI.APIError>) => thrown,
        )
        expect(error).toMatchObject({ status })
        expect(error.message).not.toMatch(/secret words/)
        expect(await last()).toMatchObject({ units: 0 })
      }
      expect(new Set(paths())).toEqual(new Set(['POST /v1/models/meta/meta-llama-3-8b-instruct/predictions']))
    },
  )

  it.each<[string, Fate, number, object]>([
    ['failed, after it had begun', { ends: 'failed', error: 'secret words' }, 502, { output: 10, units: 59 }],
    ['failed, before it began', { ends: 'failed', error: 'x', metrics: {} }, 502, { units: 0 }],
    [
      'a prompt that is too long',
      { ends: 'failed', error: 'prompt is too long' },
      400,
      { outcome: 'refused', units: 0 },
    ],
    ['aborted: its deadline passed in the queue', { ends: 'aborted', metrics: {} }, 504, { units: 0 }],
    ['canceled: its deadline passed', { ends: 'canceled' }, 504, { output: 10, units: 59 }],
    ['an output that is no text', { ends: 'succeeded', output: [{ url: 'https://x' }] }, 502, { units: 59 }],
  ])('of a prediction is told, and costs what it says: %s', async (_, found, status, charged) => {
    fate = found
    await expect(ask()).rejects.toMatchObject({ status })
    expect(await last()).toMatchObject(charged)
    await expect(stream().finalChatCompletion()).rejects.toMatchObject({ status })
    expect(await last()).toMatchObject(charged)
  })

  it.each<[string, Fate]>([
    ['an error event', { breaks: 'error' }],
    ['a connection that breaks', { breaks: 'connection' }],
    ['an end that is none', { reason: 'error', ends: 'failed', error: 'secret words' }],
  ])(
    'in the middle of a stream ends it with an error, and is charged by what it says: %s',
    async (_, found) => {
      fate = { ...TEXT, ...found }
      let text = ''
      const answer = stream().on('content', (said) => {
        text += said
      })
      await expect(answer.finalChatCompletion()).rejects.toThrow(/broke off/)
      expect(text).toBe(SAID)
      expect(await last()).toMatchObject({ outcome: 'failed', prompt: 19, output: 10, units: 59 })
    },
  )

  it.each([500, 429, 302])('questions without an answer send nothing elsewhere: %d', async (status) => {
    fate = { ...TEXT, unanswered: { status, times: 2 } }
    expect((await ask({ model: 'backed' })).choices[0]?.message.content).toBe(SAID)
    fate = { ...TEXT, unanswered: { status, times: 3 } }
    await expect(ask({ model: 'backed' })).rejects.toMatchObject({ status: 502 })
    expect(elsewhere).toEqual([])
    // The prediction was cancelled, and said what it was.
    expect(await last()).toMatchObject({ outcome: 'failed', prompt: 19, output: 10 })
    expect(paths().at(-1)).toBe('POST /v1/predictions/ID/cancel')
  })

  it('what made no prediction is asked elsewhere', async () => {
    fate = replicateError(429)
    await expect(ask({ model: 'backed' })).rejects.toMatchObject({ status: 502 })
    expect(elsewhere).toEqual(['/chat/completions'])
  })
})

it('one that does not begin in time is cancelled, and costs what it says', async () => {
  fate = { ends: undefined, metrics: { ...METRICS, output_token_count: 4 } }
  await expect(ask({ model: 'late' })).rejects.toMatchObject({ status: 504, code: 'host_timeout' })
  await vendor.waitFor(/cancel$/)
  expect(await last()).toMatchObject({ outcome: 'failed', prompt: 19, output: 4 })
})

describe('a client that goes away', () => {
  beforeEach(succeed)

  it.each([false, true])('cancels the prediction, and pays what it says (a stream: %s)', async (streams) => {
    fate = { ...TEXT, ends: undefined, breaks: 'hang', metrics: { ...METRICS, output_token_count: 4 } }
    const gone = new AbortController()
    const { signal } = gone
    if (streams) {
      const answer = await openai.chat.completions.create({ ...ASKED, stream: true }, { signal })
      for await (const { choices } of answer) if (choices[0]?.delta.content) gone.abort()
    } else {
      const failed = expect(ask({}, { signal })).rejects.toThrow()
      await vendor.waitFor(/predictions\/p/)
      gone.abort()
      await failed
    }
    await vendor.waitFor(/cancel$/)
    expect(await last()).toMatchObject({ outcome: 'cancelled', prompt: 19, output: 4, units: 19 + 16 })
  })

  it('while the prediction is being made cancels it as soon as there is one', async () => {
    const held = Promise.withResolvers<void>()
    fate = { ends: undefined, held: held.promise }
    const gone = new AbortController()
    const failed = expect(ask({}, { signal: gone.signal })).rejects.toThrow()
    await vendor.waitFor(/predictions$/)
    gone.abort()
    await failed
    held.resolve()
    await vendor.waitFor(/cancel$/)
    expect(await last()).toMatchObject({ outcome: 'cancelled', prompt: 19, output: 10 })
  })

  it('pays the reservation where it says nothing, or as many tokens as bytes came', async () => {
    for (const [model, output] of [
      ['chat', 50],
      ['bytes', SAID_BYTES],
    ] as const) {
      fate = { ...TEXT, metrics: {}, breaks: 'error' }
      await expect(stream({ model }).finalChatCompletion()).rejects.toThrow()
      expect(await last()).toMatchObject({ outcome: 'failed', output })
    }
  })
})
describe('a model that is priced by seconds', () => {
  it.each([false, true])('costs the time that the prediction says (a stream: %s)', async (streams) => {
    const { predict_time, total_time } = METRICS
    fate = { ...TEXT, metrics: { predict_time, total_time } }
    if (streams) await stream({ model: 'seconds' }).finalChatCompletion()
    else await ask({ model: 'seconds' })
    // 0.5123 s at 1,000 units a second; its tokens are not counted there, and at most its bytes.
    expect(await last()).toMatchObject({ outcome: 'ok', units: 513, output: SAID_BYTES, reserved: 5000 })
  })

  it.each([3600, 1e300])('costs no more than was reserved, whatever it says: %d s', async (predict_time) => {
    for (const streams of [false, true]) {
      fate = { ...TEXT, metrics: { predict_time } }
      if (streams) await stream({ model: 'seconds' }).finalChatCompletion()
      else await ask({ model: 'seconds' })
      expect(await last()).toMatchObject({ outcome: 'ok', units: 5000 })
      fate = { ...TEXT, ends: 'failed', metrics: { predict_time } }
      await expect(ask({ model: 'seconds' })).rejects.toMatchObject({ status: 502 })
      expect(await last()).toMatchObject({ outcome: 'failed', units: 5000 })
      fate = { ...TEXT, polls: -1 }
      await ask({ model: 'seconds' })
    }
  })
})

describe('addresses that an answer names', () => {
  beforeEach(succeed)

  it('are not asked, but for a stream where the catalog says that streams are', async () => {
    const urls = { get: `${stranger.url}/get`, cancel: `${stranger.url}/cancel`, web: `${stranger.url}/web` }
    for (const at of [
      stranger.url,
      'http://169.254.169.254',
      'file://',
      'nonsense',
      vendor.origin.replace('//', '//a:b@'),
    ]) {
      fate = { ...TEXT, urls, stream: at }
      const { choices } = await stream().finalChatCompletion()
      expect(choices).toMatchObject([{ message: { content: SAID } }])
      fate = { ...TEXT, urls, stream: at, ends: 'failed' }
      await expect(stream().finalChatCompletion()).rejects.toMatchObject({ status: 502 })
    }
    expect(elsewhere).toEqual([])
    expect(paths().filter((path) => path.includes('streams'))).toEqual([])
  })

  it('cannot be made of an id', async () => {
    fate = { ...TEXT, id: '../account' }
    await expect(ask()).rejects.toMatchObject({ status: 502 })
    expect(paths()).toEqual(['POST /v1/models/meta/meta-llama-3-8b-instruct/predictions'])
    // It may have been computed, and nobody can tell.
    expect(await last()).toMatchObject({ outcome: 'failed', output: 50 })
  })
})

it('no line of the log has the key, or a word of the vendor or of a prompt', () => {
  expect(edge.lines.length).toBeGreaterThan(5)
  for (const line of edge.lines) expect(line).not.toMatch(/canary|secret words|Hello/)
})
