import OpenAI from 'openai'
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { describe, expect, inject, it } from 'vitest'
import * as z from 'zod'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { CHAT, CLASSIFY, chatModel, EMBED, newUser, stack, usageEvents } from '../fixtures/stack/client.ts'
import { dot, Search, TEXTS } from './asked.ts'

const baseURL = `${stack.edge.url}/v1`
const { token } = await newUser('pro')
const client = new OpenAI({ baseURL, apiKey: token, maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'What is Twohop?' }]
/** The same answer each time. */
const asked = { model: CHAT, messages, temperature: 0 }
/** Its answer goes on to its limit. */
const UNENDING = { max_tokens: 200, logit_bias: { 0: -100, 2: -100 } }
const sampled = { model: CHAT, messages, temperature: 1, seed: 4 }
/** It has not learned to call tools, so it makes one call an answer, and ends. */
const REQUIRED = { tool_choice: 'required' } as const

/** A client of a user on a plan, with the statuses that it was answered. */
async function clientOf(
  plan: string,
  options: { edge?: string; maxRetries?: number; timeout?: number } = {},
) {
  const statuses: number[] = []
  const { edge = stack.edge.url, ...more } = options
  const own = new OpenAI({
    baseURL: `${edge}/v1`,
    apiKey: (await newUser(plan)).token,
    maxRetries: 0,
    ...more,
    fetch: async (input, init) => {
      const answer = await fetch(input, init)
      statuses.push(answer.status)
      return answer
    },
  })
  return { own, statuses }
}

/** The loop of the package over two answers, each of which has to call, and what was called. */
function looking(more: { tool_choice: 'required'; parallel_tool_calls?: boolean }) {
  const seen: unknown[] = []
  const look = {
    name: 'look',
    description: 'Looks it up.',
    parameters: z.toJSONSchema(Search) as Record<string, unknown>,
    parse: (text: string) => Search.parse(JSON.parse(text)),
    function: (given: z.infer<typeof Search>) => {
      seen.push(given)
      return `${given.topic}: what an account may spend`
    },
  }
  const runner = client.chat.completions.runTools(
    { ...sampled, ...more, tools: [{ type: 'function', function: look }] },
    { maxChatCompletions: 2 },
  )
  return { runner, seen }
}

describe('openai', () => {
  it('chat', async () => {
    const { data, request_id } = await client.chat.completions.create(asked).withResponse()
    expect(data).toMatchObject({ object: 'chat.completion', model: CHAT })
    expect(data.choices[0]?.message.content).toMatch(/\w{3}/)
    const [event] = await usageEvents(request_id ?? '')
    const { prompt_tokens = 0, completion_tokens = 0 } = data.usage ?? {}
    const { prompt, output } = chatModel.prices
    expect(event).toMatchObject({
      outcome: 'ok',
      prompt_tokens: String(prompt_tokens),
      output_tokens: String(completion_tokens),
      units: String(prompt_tokens * prompt + completion_tokens * output),
    })
  })

  it('chat, streamed', async () => {
    const whole = await client.chat.completions.create(asked)
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    const stream_options = { include_usage: true }
    for await (const chunk of await client.chat.completions.create({
      ...asked,
      stream: true,
      stream_options,
    })) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage ??= chunk.usage
    }
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(usage).toEqual(whole.usage)
  })

  it('chat, streamed with its helper', async () => {
    const runner = client.chat.completions.stream(asked)
    let text = ''
    runner.on('content', (delta) => {
      text += delta
    })
    expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe(text)
    expect(text).toMatch(/\w{3}/)
  })

  it('fields that are null', async () => {
    const nothing = { top_p: null, seed: null, stop: null, max_tokens: null, service_tier: null }
    const plain = await client.chat.completions.create(asked)
    const answer = await client.chat.completions.create({ ...asked, ...nothing })
    expect(answer.choices[0]?.message).toEqual(plain.choices[0]?.message)
  })

  it('tools', async () => {
    const tools = [zodFunction({ name: 'search', parameters: Search })]
    const answer = await client.chat.completions.create({ ...sampled, tools, ...REQUIRED })
    const [choice] = answer.choices
    expect(choice?.finish_reason).toBe('tool_calls')
    const call = choice?.message.tool_calls?.[0]
    if (call?.type !== 'function' || !choice) throw new Error('no call')
    expect(call.function.name).toBe('search')
    expect(Search.safeParse(JSON.parse(call.function.arguments)).success).toBe(true)
    const next = await client.chat.completions.create({
      ...asked,
      tools,
      tool_choice: 'none',
      messages: [
        ...messages,
        choice.message,
        { role: 'tool', tool_call_id: call.id, content: 'A budget is what an account may spend.' },
      ],
    })
    expect(next.choices[0]?.message.content).toMatch(/\w{3}/)
    const plain = await client.chat.completions.create({ ...asked, max_tokens: 1 })
    // The tool's answer was read.
    expect(next.usage?.prompt_tokens).toBeGreaterThan((plain.usage?.prompt_tokens ?? 0) + 30)
  })

  it('tools, streamed', async () => {
    const tools = [zodFunction({ name: 'search', parameters: Search })]
    const runner = client.chat.completions.stream({ ...sampled, tools, ...REQUIRED })
    const { choices } = await runner.finalChatCompletion()
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    const [call] = choices[0]?.message.tool_calls ?? []
    expect(call?.type === 'function' && Search.safeParse(JSON.parse(call.function.arguments)).success).toBe(
      true,
    )
  })

  it('parse with zodResponseFormat', async () => {
    const answer = await client.chat.completions.parse({
      ...sampled,
      response_format: zodResponseFormat(Search, 'search'),
    })
    const parsed = answer.choices[0]?.message.parsed
    expect(parsed && Search.parse(parsed)).toEqual(parsed)
    expect(parsed?.limit).toBeGreaterThan(0)
  })

  it('runTools', async () => {
    const { runner, seen } = looking(REQUIRED)
    await runner.done()
    expect(seen).toHaveLength(2)
    expect(runner.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'tool',
    ])
    const spent = await runner.totalUsage()
    expect(spent.completion_tokens).toBeGreaterThan(10)
  })

  it('runTools, of calls without an end', async () => {
    const { runner, seen } = looking({ ...REQUIRED, parallel_tool_calls: true })
    await expect(runner.done()).rejects.toThrow(OpenAI.OpenAIError)
    await expect(runner.done()).rejects.toThrow(/length limit/)
    expect(seen).toEqual([])
  })

  it('several answers and log probabilities', async () => {
    const { choices, usage } = await client.chat.completions.create({
      ...sampled,
      n: 2,
      max_tokens: 6,
      logprobs: true,
      top_logprobs: 2,
    })
    expect(choices.map(({ index }) => index)).toEqual([0, 1])
    for (const { logprobs } of choices) {
      expect(logprobs?.content?.[0]?.top_logprobs).toHaveLength(2)
      expect(logprobs?.content?.[0]?.logprob).toBeLessThanOrEqual(0)
    }
    expect(usage?.completion_tokens).toBe(
      choices.reduce((sum, { logprobs }) => sum + (logprobs?.content?.length ?? 0), 0),
    )
  })

  it('completions, whole and streamed', async () => {
    const body = { model: CHAT, prompt: 'Twohop is', max_tokens: 5, temperature: 0 }
    const answer = await client.completions.create(body)
    expect(answer).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 5 } })
    let text = ''
    for await (const chunk of await client.completions.create({ ...body, stream: true }))
      text += chunk.choices[0]?.text ?? ''
    expect(text).toBe(answer.choices[0]?.text)
  })

  it('embeddings, which it asks for in base64', async () => {
    const input = [...TEXTS]
    const { data, usage } = await client.embeddings.create({ model: EMBED, input })
    const [cancel, end, soup] = data.map(({ embedding }) => embedding)
    expect(dot(cancel, cancel)).toBeCloseTo(1, 3)
    expect(dot(cancel, end)).toBeGreaterThan(dot(cancel, soup))
    expect(usage.prompt_tokens).toBeGreaterThan(15)
    const floats = await client.embeddings.create({ model: EMBED, input, encoding_format: 'float' })
    for (const [i, { embedding }] of floats.data.entries())
      expect(dot(embedding, data[i]?.embedding)).toBeCloseTo(1, 3)
  })

  it('models, the list and one', async () => {
    const { data } = await client.models.list()
    expect(data.map(({ id }) => id)).toEqual([CHAT, EMBED, CLASSIFY])
    for (const model of data) expect(await client.models.retrieve(model.id)).toEqual(model)
  })

  it('dimensions of an embedding', async () => {
    const plain = await client.embeddings.create({ model: EMBED, input: 'hello' })
    const dimensions = plain.data[0]?.embedding.length ?? 0
    expect(await client.embeddings.create({ model: EMBED, input: 'hello', dimensions })).toEqual(plain)
    const other = client.embeddings.create({ model: EMBED, input: 'hello', dimensions: dimensions - 1 })
    await expect(other).rejects.toThrow(`vectors have ${dimensions} dimensions.`)
  })

  it('token ids in place of texts are refused', async () => {
    for (const input of [
      [1, 2, 3],
      [[1, 2], [3]],
    ])
      await expect(client.embeddings.create({ model: EMBED, input })).rejects.toMatchObject({
        status: 400,
        code: 'invalid_request',
        param: expect.stringMatching(/^input/),
      })
  })

  it('responses', async () => {
    const answer = await client.responses.create({ model: CHAT, input: 'What is Twohop?', temperature: 0 })
    const chat = await client.chat.completions.create(asked)
    expect(answer.output_text).toBe(chat.choices[0]?.message.content)
    expect(answer.usage).toMatchObject({
      input_tokens: chat.usage?.prompt_tokens,
      output_tokens: chat.usage?.completion_tokens,
    })
  })

  it('responses, streamed', async () => {
    const input = { model: CHAT, input: 'What is Twohop?', temperature: 0 }
    const whole = await client.responses.create(input)
    const stream = client.responses.stream(input)
    const kinds: string[] = []
    let text = ''
    for await (const event of stream) {
      if (kinds.at(-1) !== event.type) kinds.push(event.type)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    expect(kinds.at(0)).toBe('response.created')
    expect(kinds.at(-1)).toBe('response.completed')
    expect(text).toBe(whole.output_text)
    expect((await stream.finalResponse()).usage).toEqual(whole.usage)
  })

  it('responses, tools', async () => {
    const tools = [
      {
        type: 'function' as const,
        name: 'search',
        strict: true,
        parameters: z.toJSONSchema(Search) as Record<string, unknown>,
      },
    ]
    const question = { role: 'user' as const, content: 'What is Twohop?' }
    const answer = await client.responses.create({
      ...{ model: CHAT, temperature: 1, tools },
      input: [question],
      tool_choice: 'required',
    })
    const call = answer.output.find((item) => item.type === 'function_call')
    if (call?.type !== 'function_call') throw new Error('no call')
    expect(Search.safeParse(JSON.parse(call.arguments)).success).toBe(true)
    const output = {
      type: 'function_call_output' as const,
      call_id: call.call_id,
      output: 'What an account may spend.',
    }
    const next = await client.responses.create({
      ...{ model: CHAT, temperature: 0, tools },
      input: [question, call, output],
      tool_choice: 'none',
    })
    expect(next.output_text).toMatch(/\w{3}/)
  })

  it('responses, parse with zodTextFormat', async () => {
    const answer = await client.responses.parse({
      ...{ model: CHAT, input: 'What is Twohop?', temperature: 1 },
      text: { format: zodTextFormat(Search, 'search') },
    })
    expect(Search.parse(answer.output_parsed)).toEqual(answer.output_parsed)
  })

  it('responses, errors', async () => {
    const kept = client.responses.create({ model: CHAT, input: 'x', previous_response_id: 'resp_1' })
    await expect(kept).rejects.toMatchObject({ status: 400, param: 'previous_response_id' })
    await expect(kept).rejects.toThrow(OpenAI.BadRequestError)
  })

  it('errors as its own classes', async () => {
    const stranger = new OpenAI({ baseURL, apiKey: 'nonsense', maxRetries: 0 })
    await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError)
    const { own: poor } = await clientOf('few-models')
    const key = { headers: { 'Idempotency-Key': crypto.randomUUID() } }
    await client.chat.completions.create({ ...asked, max_tokens: 1 }, key)
    const { own: rare } = await clientOf('two-a-minute')
    for (let n = 0; n < 2; n++) await rare.embeddings.create({ model: EMBED, input: 'x' })
    const { own: hostless } = await clientOf('pro', { edge: inject('hostlessEdge') })
    const { own: nowhere } = await clientOf('pro', { edge: 'http://127.0.0.1:9' })
    const each = [
      [() => stranger.models.list(), OpenAI.AuthenticationError, 401, 'token_malformed', null],
      [
        () => poor.embeddings.create({ model: EMBED, input: 'x' }),
        OpenAI.PermissionDeniedError,
        403,
        'model_not_allowed',
        'model',
      ],
      [() => client.models.retrieve('none'), OpenAI.NotFoundError, 404, 'model_not_found', 'model'],
      [
        () => client.chat.completions.create({ ...asked, messages: [] }),
        OpenAI.BadRequestError,
        400,
        'invalid_request',
        'messages',
      ],
      [
        () => client.chat.completions.create({ ...asked, max_tokens: 2 }, key),
        OpenAI.ConflictError,
        409,
        'idempotency_key_reused',
        null,
      ],
      [
        // Three in a row may straddle a minute; of seven, three lie in one.
        async () => {
          for (let n = 0; n < 5; n++) await rare.embeddings.create({ model: EMBED, input: 'x' })
        },
        OpenAI.RateLimitError,
        429,
        'rate_limited',
        null,
      ],
      [
        () => hostless.chat.completions.create(asked),
        OpenAI.InternalServerError,
        503,
        'host_unavailable',
        null,
      ],
    ] as const
    for (const [call, kind, status, code, param] of each) {
      const error = await call().then(
        () => new Error(`no ${code}`),
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({ status, code, param, requestID: expect.stringMatching(/\w{8}/) })
    }
    await expect(nowhere.models.list()).rejects.toThrow(OpenAI.APIConnectionError)
  })

  it('retries after 429', async () => {
    const { own, statuses } = await clientOf('one-at-a-time', { maxRetries: 2 })
    const { status, firstTry } = await slowly(
      inject('pace'),
      async () => {
        const first = await own.chat.completions.create({ ...asked, ...UNENDING, stream: true })
        const second = own.embeddings.create({ model: EMBED, input: 'x' }).asResponse()
        while (statuses.length < 2) await new Promise(setImmediate)
        first.controller.abort()
        return { status: (await second).status, firstTry: statuses[1] }
      },
      IN_A_BROWSER_MS,
    )
    expect([firstTry, status, statuses.at(-1)]).toEqual([429, 200, 200])
  })

  it('retries after 503', async () => {
    const { own, statuses } = await clientOf('pro', { edge: inject('busyEdge'), maxRetries: 2 })
    const answer = await own.chat.completions.create({ ...asked, max_tokens: 4 })
    expect(statuses).toEqual([503, 200])
    expect(answer.usage?.completion_tokens).toBe(4)
  })

  it('abort', async () => {
    // Slow until the host has heard of it, which may take a busy machine a second.
    const [event] = await slowly(
      inject('pace'),
      async () => {
        const { data: stream, request_id } = await client.chat.completions
          .create({ ...asked, ...UNENDING, stream: true })
          .withResponse()
        for await (const { choices } of stream) if (choices[0]?.delta.content) break
        return usageEvents(request_id ?? '')
      },
      IN_A_BROWSER_MS,
    )
    expect(event?.outcome).toBe('cancelled')
    expect(Number(event?.output_tokens)).toBeGreaterThan(0)
    expect(Number(event?.output_tokens)).toBeLessThan(100)
    const stop = AbortSignal.abort()
    await expect(client.chat.completions.create(asked, { signal: stop })).rejects.toThrow(
      OpenAI.APIUserAbortError,
    )
  })
})
