import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatCompletion, ChatCompletionChunk } from '../../shared/openai/chat.ts'
import type { Completion } from '../../shared/openai/completions.ts'
import type { ToolCallDelta } from '../../shared/openai/structure.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { embeddedModel } from '../fixtures/models.ts'

const { folder } = embeddedModel('twohop-chat')
const CHAT = 'POST /v1/chat/completions'
const COMPLETION = 'POST /v1/completions'
const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 20 },
    age: { type: 'integer', minimum: 0, maximum: 130 },
    tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 3 },
  },
  required: ['name', 'age', 'tags'],
  additionalProperties: false,
}
const FORMAT = { type: 'json_schema', json_schema: { name: 'person', schema: SCHEMA } }
const TOOL = { type: 'function', function: { name: 'look_up', parameters: SCHEMA } }
const valid = new Ajv2020().compile(SCHEMA)

describe.each([
  ['batched', '16'],
  ['alone', '1'],
])('a model that is served %s', (_, slots) => {
  let serving: Serving
  beforeAll(async () => {
    serving = await serve([{ id: 'chat', source: folder, task: 'text-generation' }], { HOST_SLOTS: slots })
  })
  afterAll(() => serving?.stop())

  const chat = (changes: object) => ({
    model: 'chat',
    messages: [{ role: 'user', content: 'Who are you?' }],
    max_tokens: 120,
    stream: false,
    temperature: 0,
    stop: [],
    ...changes,
  })
  const reserved = { prompt_tokens: 1000, output_tokens: 1000 }
  const send = (changes: object) => serving.send(CHAT, chat(changes), { claims: { reserved } })
  const answerTo = async (changes: object) => (await (await send(changes)).json()) as ChatCompletion
  const textOf = async (changes: object) => (await answerTo(changes)).choices[0]?.message.content ?? ''

  async function chunksOf(changes: object): Promise<ChatCompletionChunk[]> {
    const text = await (await send({ ...changes, stream: true })).text()
    const events = text.trim().split('\n\n')
    expect(events.pop()).toBe('data: [DONE]')
    return events.map((event) => JSON.parse(event.replace('data: ', '')))
  }

  test.each([{ temperature: 0 }, { temperature: 2, seed: 3 }, { temperature: 1, seed: 4, min_p: 0.2 }])(
    'answers to a schema validate: %o',
    async (settings) => {
      const { choices, usage } = await answerTo({ ...settings, response_format: FORMAT })
      const value = JSON.parse(choices[0]?.message.content ?? '')
      expect(valid(value), JSON.stringify(value)).toBe(true)
      expect(choices[0]?.finish_reason).toBe('stop')
      expect(usage.completion_tokens).toBeLessThanOrEqual(120)
    },
  )

  test('an answer is whole within the fewest tokens that suffice; fewer are refused without compute', async () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema: { enum: ['abc'] } } }
    const sent = async (max_tokens: number) => send({ response_format, max_tokens })
    let most = 1
    while ((await sent(most)).status !== 200) most++
    expect(most).toBeGreaterThan(1)
    expect(await textOf({ response_format, max_tokens: most })).toBe('"abc"')
    const refused = await sent(most - 1)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ error: { code: 'invalid_request' } })
    expect(JSON.parse(refused.headers.get('x-usage') ?? '')).toMatchObject({ total_tokens: 0 })
  })

  test('json_object, a regex, a choice and a grammar hold', async () => {
    const object: unknown = JSON.parse(await textOf({ response_format: { type: 'json_object' } }))
    expect(Object.prototype.toString.call(object)).toBe('[object Object]')
    const outputs = (structured_outputs: object) => textOf({ structured_outputs, temperature: 1.5, seed: 1 })
    expect(await outputs({ regex: '[a-f]{3}-\\d{2}' })).toMatch(/^[a-f]{3}-\d{2}$/)
    expect(['left', 'right']).toContain(await outputs({ choice: ['left', 'right'] }))
    expect(await outputs({ grammar: 'root ::= "x" ("y" | "z"){2,4}' })).toMatch(/^x[yz]{2,4}$/)
    const body = { model: 'chat', prompt: 'So: ', max_tokens: 20, stream: false, stop: [] }
    const completed = await serving.send(COMPLETION, {
      ...body,
      structured_outputs: { choice: ['yes', 'no'] },
    })
    expect(['yes', 'no']).toContain(((await completed.json()) as Completion).choices[0]?.text)
  })

  test('a required tool is called with arguments that validate, streamed the same as whole', async () => {
    const asked = {
      tools: [TOOL],
      tool_choice: 'required',
      parallel_tool_calls: false,
      temperature: 1,
      seed: 9,
    }
    const [choice] = (await answerTo(asked)).choices
    const [call] = choice?.message.tool_calls ?? []
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    expect(call).toMatchObject({ type: 'function', function: { name: 'look_up' } })
    expect(call?.id).toMatch(/^call_[0-9a-f]{24}$/)
    expect(valid(JSON.parse(call?.function.arguments ?? ''))).toBe(true)

    const chunks = await chunksOf(asked)
    const deltas = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []) as ToolCallDelta[]
    expect(deltas[0]).toMatchObject({ index: 0, function: { name: 'look_up' } })
    expect(deltas.length).toBeGreaterThan(3)
    expect(deltas.map((delta) => delta.function.arguments).join('')).toBe(call?.function.arguments)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('')
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('tool_calls')
  })

  test('a model that has not learned to call tools makes one call and ends, streamed the same; several if asked', async () => {
    const asked = { tools: [TOOL], tool_choice: 'required', max_tokens: 400 }
    const [choice] = (await answerTo(asked)).choices
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    expect(choice?.message.tool_calls).toHaveLength(1)
    const chunks = await chunksOf(asked)
    const deltas = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []) as ToolCallDelta[]
    expect(deltas.every(({ index }) => index === 0)).toBe(true)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('tool_calls')
    const [several] = (await answerTo({ ...asked, parallel_tool_calls: true })).choices
    expect(several?.message.tool_calls?.length).toBeGreaterThan(1)
    expect(several?.finish_reason).toBe('length')
  })

  test("a tool's answer goes into the prompt", async () => {
    const tool_calls = [{ id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{}' } }]
    const user = { role: 'user', content: 'Who?' }
    const tokens = async (messages: object[]) =>
      (await answerTo({ messages, tools: [TOOL], max_tokens: 1 })).usage.prompt_tokens
    const before = await tokens([user])
    const after = await tokens([
      user,
      { role: 'assistant', content: null, tool_calls },
      { role: 'tool', content: 'Nobody.', tool_call_id: 'c1' },
    ])
    expect(after).toBeGreaterThan(before + 10)
  })

  test('a grammar that turns out to be too much on the way is followed all the same, to a whole answer', async () => {
    // Nothing is amiss until forty letters stand there.
    const grammar = `root ::= [a-z]{40,40} ("a"${'{1,2}'.repeat(2000)})`
    const response = await send({ structured_outputs: { grammar }, max_tokens: 100 })
    expect(response.status).toBe(200)
    const { choices, usage } = (await response.json()) as ChatCompletion
    expect(choices[0]?.message.content).toMatch(/^[a-z]{40}a+$/)
    expect(usage.completion_tokens).toBeGreaterThan(1)
  })

  test('what is not supported is a 400 that names the keyword, before any compute', async () => {
    const schema = { type: 'object', properties: { a: { type: 'array', extends: {} } } }
    const response = await send({
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_request', param: 'response_format.json_schema.schema.properties.a.extends' },
    })
  })

  test('an answer that its room has ended says so, in a text beside tools, a call and a format', async () => {
    const text = await answerTo({ max_tokens: 4 })
    expect(text.choices[0]?.finish_reason).toBe('length')
    const beside = await answerTo({ max_tokens: 4, tools: [TOOL] })
    expect(beside.choices[0]).toMatchObject({ finish_reason: 'length' })
    expect(beside.usage.completion_tokens).toBe(4)
    const schema = { type: 'array', items: { type: 'string' }, minItems: 1 }
    const bound = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }
    const logit_bias = { 34: -100 }
    const cut = await answerTo({ ...bound, logit_bias, max_tokens: 12, temperature: 2, seed: 1 })
    expect(cut.choices[0]?.finish_reason).toBe('length')
    expect(JSON.parse(cut.choices[0]?.message.content ?? '')).toHaveLength(1)
    const call = await answerTo({
      tools: [TOOL],
      tool_choice: 'required',
      parallel_tool_calls: false,
      max_tokens: 400,
    })
    expect(call.choices[0]?.finish_reason).toBe('tool_calls')
    const chunks = await chunksOf({ max_tokens: 4, tools: [TOOL] })
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length')
    const whole = await answerTo({ max_tokens: 200, tools: [TOOL] })
    expect(whole.choices[0]?.finish_reason).toBe('stop')
  })

  test('stop strings end text beside tools, and do nothing in what is structured', async () => {
    const whole = await textOf({ max_tokens: 60, tools: [TOOL] })
    const [word = ''] = whole.trim().split(' ').slice(2)
    expect(word).not.toBe('')
    const ended = await answerTo({ max_tokens: 60, tools: [TOOL], stop: [word] })
    expect(ended.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: whole.slice(0, whole.indexOf(word)) },
    })
    const formatted = await answerTo({ response_format: FORMAT, temperature: 0, stop: ['}', '"'] })
    expect(valid(JSON.parse(formatted.choices[0]?.message.content ?? ''))).toBe(true)
    const required = { tools: [TOOL], tool_choice: 'required', parallel_tool_calls: false }
    const called = await answerTo({ ...required, stop: ['\n', '}'] })
    expect(called.choices[0]?.finish_reason).toBe('tool_calls')
    const chosen = await serving.send(COMPLETION, {
      model: 'chat',
      prompt: 'So: ',
      max_tokens: 20,
      stream: false,
      stop: ['e'],
      structured_outputs: { choice: ['yes'] },
    })
    expect(((await chosen.json()) as Completion).choices[0]).toMatchObject({
      text: 'yes',
      finish_reason: 'stop',
    })
  })

  test('several answers: each as if alone with a seed of its own, the prompt counted once, all outputs together', async () => {
    const settings = { temperature: 1, max_tokens: 12 }
    const single = []
    for (let seed = 5; seed < 8; seed++) single.push(await answerTo({ ...settings, seed }))
    const { choices, usage } = await answerTo({ ...settings, seed: 5, n: 3 })
    expect(choices.map(({ index, message }) => [index, message.content])).toEqual(
      single.map(({ choices: [one] }, index) => [index, one?.message.content]),
    )
    expect(usage).toMatchObject({
      prompt_tokens: single[0]?.usage.prompt_tokens,
      completion_tokens: single.reduce((sum, one) => sum + one.usage.completion_tokens, 0),
    })
    const chunks = await chunksOf({ ...settings, seed: 5, n: 3 })
    const streamed = [0, 1, 2].map((index) =>
      chunks
        .flatMap(({ choices: all }) => all.filter((one) => one.index === index))
        .map(({ delta }) => delta.content ?? '')
        .join(''),
    )
    expect(streamed).toEqual(choices.map(({ message }) => message.content))
    const reasons = chunks.flatMap(({ choices: all }) => all.flatMap((one) => one.finish_reason ?? []))
    expect(reasons).toHaveLength(3)
  })

  test('more than was reserved for all answers together is refused', async () => {
    const claims = { reserved: { prompt_tokens: 1000, output_tokens: 23 } }
    const response = await serving.send(CHAT, chat({ n: 2, max_tokens: 12 }), { claims })
    expect(await response.json()).toMatchObject({ error: { code: 'service_token_invalid' } })
  })

  test('log probabilities: of each token of the text, the likeliest first; greedy takes the likeliest', async () => {
    const { choices, usage } = await answerTo({ temperature: 0, max_tokens: 10, logprobs: 3 })
    const tokens = choices[0]?.logprobs?.content ?? []
    const text = choices[0]?.message.content ?? ''
    expect(
      Buffer.concat(tokens.map(({ bytes }) => Buffer.from(bytes)))
        .toString()
        .trim(),
    ).toBe(text.trim())
    expect(tokens.length).toBeGreaterThanOrEqual(usage.completion_tokens - 1)
    for (const { token, logprob, top_logprobs: top } of tokens) {
      expect(top).toHaveLength(3)
      expect(top[0]).toMatchObject({ token, logprob })
      expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).toSorted((a, b) => b - a))
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1 + 1e-6)
    }
    const streamed = (await chunksOf({ temperature: 0, max_tokens: 10, logprobs: 3 })).flatMap(
      ({ choices: all }) => all[0]?.logprobs?.content ?? [],
    )
    expect(streamed).toEqual(tokens)

    const body = {
      model: 'chat',
      prompt: 'Twohop is',
      max_tokens: 5,
      stream: false,
      temperature: 0,
      stop: [],
      logprobs: 2,
    }
    const answer = (await (await serving.send(COMPLETION, body)).json()) as Completion
    const listed = answer.choices[0]?.logprobs
    expect(listed?.text_offset[1]).toBe(listed?.tokens[0]?.length)
    expect(Object.values(listed?.top_logprobs[0] ?? {})).toHaveLength(2)
    expect(listed?.top_logprobs[0]?.[listed.tokens[0] ?? '']).toBe(listed?.token_logprobs[0])

    // A stop string cuts the tokens as it cuts the text, in every form of an answer.
    const bytesOf = (all: readonly { bytes: number[] | null }[]) =>
      Buffer.concat(all.map(({ bytes }) => Buffer.from(bytes ?? []))).toString()
    for (const length of [1, 2, 5]) {
      const stop = [text.trim().slice(4, 4 + length)]
      const cut = { temperature: 0, max_tokens: 10, logprobs: 3, stop }
      const { choices: whole } = await answerTo(cut)
      const short = whole[0]?.message.content ?? ''
      const own = whole[0]?.logprobs?.content ?? []
      expect(short.length).toBeLessThan(text.length)
      expect(short.trim().startsWith(bytesOf(own).trim())).toBe(true)
      expect(own.length).toBeLessThan(tokens.length)
      const pieces = (await chunksOf(cut)).flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? [])
      expect(pieces).toEqual(own)
      const all = (listed?.tokens ?? []).join('')
      const completed = (await (
        await serving.send(COMPLETION, { ...body, stop: [all.slice(3, 3 + length)] })
      ).json()) as Completion
      const { text: shorter = '', logprobs } = completed.choices[0] ?? {}
      expect(shorter.trim().startsWith((logprobs?.tokens ?? []).join('').trim())).toBe(true)
      expect(logprobs?.tokens.length).toBeLessThan(listed?.tokens.length ?? 0)
    }
  })
})
