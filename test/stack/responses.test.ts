import OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, inject, it } from 'vitest'
import * as z from 'zod'
import { CHAT, call, newUser, refusal, settledUsage, stack, usageEvents } from '../fixtures/stack/client.ts'
import { ODD, ODD_USED } from './odd-host.ts'

const question = 'What is Twohop?'
const look = {
  type: 'function' as const,
  name: 'look_up',
  description: 'Looks a word up.',
  parameters: {
    type: 'object',
    properties: { word: { enum: ['budget', 'edge'] } },
    required: ['word'],
    additionalProperties: false,
  },
  strict: true,
}

describe('the openai package, unmodified: responses', async () => {
  const { token } = await newUser('pro')
  const client = new OpenAI({ baseURL: `${stack.edge.url}/v1`, apiKey: token })

  /** What a request was charged: its one row. */
  async function charged(requestId: string | null | undefined) {
    const [row, ...more] = await usageEvents(requestId ?? '')
    expect(more).toEqual([])
    const { task, outcome, prompt_tokens, output_tokens, units } = row ?? {}
    return { task, outcome, prompt_tokens, output_tokens, units }
  }

  it('answers in the shape of its types, with what a chat says and costs', async () => {
    const body = { model: CHAT, input: question, instructions: 'Be short.', temperature: 0 }
    const { data, request_id } = await client.responses.create(body).withResponse()
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: question },
    ]
    const chat = await call('/v1/chat/completions', {
      token,
      body: { model: CHAT, messages, temperature: 0 },
    })
    const { choices, usage } = (await chat.json()) as OpenAI.ChatCompletion
    expect(data).toEqual({
      id: `resp_${request_id}`,
      object: 'response',
      created_at: expect.any(Number),
      status: 'completed',
      access_programs: null,
      background: false,
      error: null,
      incomplete_details: null,
      instructions: 'Be short.',
      max_output_tokens: null,
      metadata: {},
      model: CHAT,
      output: [
        {
          id: `msg_${request_id}`,
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [
            { type: 'output_text', text: choices[0]?.message.content, annotations: [], logprobs: [] },
          ],
        },
      ],
      output_text: choices[0]?.message.content,
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      service_tier: 'default',
      store: false,
      temperature: 0,
      text: { format: { type: 'text' } },
      tool_choice: 'auto',
      tools: [],
      top_logprobs: 0,
      top_p: null,
      truncation: 'disabled',
      usage: {
        input_tokens: usage?.prompt_tokens,
        input_tokens_details: { cached_tokens: expect.any(Number) },
        output_tokens: usage?.completion_tokens,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: usage?.total_tokens,
      },
    })
    const row = await charged(request_id)
    expect(row).toEqual(await charged(chat.headers.get('x-request-id')))
    expect(row).toMatchObject({
      task: 'chat',
      outcome: 'ok',
      output_tokens: String(usage?.completion_tokens),
    })
  })

  it('streams the same answer, its events in order and numbered, and its helper puts them together', async () => {
    const body = { model: CHAT, input: question, temperature: 0, max_output_tokens: 40 }
    const whole = await client.responses.create(body)
    const { data, request_id } = await client.responses.create({ ...body, stream: true }).withResponse()
    const events: ResponseStreamEvent[] = []
    for await (const event of data) events.push(event)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i))
    const types = events.map(({ type }) => type)
    const deltas = types.filter((type) => type === 'response.output_text.delta')
    expect(deltas.length).toBeGreaterThan(3)
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...deltas,
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      `response.${whole.status}`,
    ])
    const text = events
      .map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''))
      .join('')
    expect(text).toBe(whole.output_text)
    const last = events.at(-1)
    const response = last && 'response' in last ? last.response : undefined
    expect(response?.usage).toEqual({
      ...whole.usage,
      input_tokens_details: { cached_tokens: expect.any(Number) },
    })
    expect(await charged(request_id)).toEqual(await charged(whole._request_id))

    const final = await client.responses.stream(body).finalResponse()
    expect([final.output_text, final.status]).toEqual([whole.output_text, whole.status])
  })

  it('says that an answer which had no more room is incomplete', async () => {
    const body = { model: CHAT, input: question, temperature: 0, max_output_tokens: 3 }
    const whole = await client.responses.create(body)
    const streamed = await client.responses.stream(body).finalResponse()
    for (const { status, incomplete_details, output, usage } of [whole, streamed]) {
      expect([status, incomplete_details]).toEqual(['incomplete', { reason: 'max_output_tokens' }])
      expect(output[0]).toMatchObject({ type: 'message', status: 'incomplete' })
      expect(usage?.output_tokens).toBe(3)
    }
  })

  it('calls functions, whole and streamed, and answers after their outputs', async () => {
    const body = {
      model: CHAT,
      input: [{ role: 'user' as const, content: 'Look up budget.' }],
      tools: [look],
      tool_choice: 'required' as const,
      temperature: 0,
    }
    const { output, output_text, status } = await client.responses.create(body)
    expect(status).toBe('completed')
    const called = output.filter((item) => item.type === 'function_call')
    expect([called.length, output_text]).toEqual([1, ''])
    const [{ name, arguments: given, call_id } = expect.fail('no call')] = called
    expect([name, JSON.parse(given).word]).toEqual(['look_up', expect.stringMatching(/^(budget|edge)$/)])

    const stream = client.responses.stream(body)
    let deltas = ''
    stream.on('response.function_call_arguments.delta', (event) => {
      deltas += event.delta
    })
    const streamed = await stream.finalResponse()
    expect(streamed.status).toBe('completed')
    expect(streamed.output).toMatchObject([
      { type: 'function_call', name: 'look_up', arguments: given, status: 'completed' },
    ])
    expect(deltas).toBe(given)

    const after = await client.responses.create({
      model: CHAT,
      input: [
        ...body.input,
        ...called,
        { type: 'function_call_output', call_id, output: 'A budget is what an account may spend.' },
      ],
      tools: [look],
      tool_choice: 'none',
      max_output_tokens: 20,
    })
    expect(after.output_text.length).toBeGreaterThan(0)
  })

  it('parses what a schema has enforced', async () => {
    const Size = z.object({ size: z.enum(['small', 'large']), count: z.int().min(1).max(9) })
    const body = {
      model: CHAT,
      input: 'How large is an elephant?',
      text: { format: zodTextFormat(Size, 'size') },
    }
    const { output_parsed } = await client.responses.parse(body)
    expect(Size.parse(output_parsed)).toEqual(output_parsed)
    const streamed = await client.responses.stream(body).finalResponse()
    expect(Size.parse(streamed.output_parsed)).toEqual(streamed.output_parsed)
  })

  it('gives log probabilities where they are included', async () => {
    const { output } = await client.responses.create({
      model: CHAT,
      input: question,
      max_output_tokens: 4,
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
    })
    const [message] = output
    const [part] = message?.type === 'message' ? message.content : []
    const logprobs = part?.type === 'output_text' ? (part.logprobs ?? []) : []
    expect(logprobs.length).toBe(4)
    for (const { top_logprobs } of logprobs) expect(top_logprobs).toHaveLength(2)
  })

  it('repeats its answer for the same idempotency key, and charges it once', async () => {
    const body = { model: CHAT, input: question, max_output_tokens: 8 }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const first = await client.responses.create(body, { headers })
    const again = await client.responses.create(body, { headers })
    expect(again).toEqual(first)
    expect((await charged(first._request_id)).outcome).toBe('ok')
    const streamKey = { 'idempotency-key': crypto.randomUUID() }
    const sent = () => call('/v1/responses', { token, body: { ...body, stream: true }, headers: streamKey })
    const streamed = await sent()
    const text = await streamed.text()
    expect(text).toContain('event: response.incomplete')
    // It is kept by its settlement, which comes behind it.
    await usageEvents(streamed.headers.get('x-request-id') ?? '')
    expect(await (await sent()).text()).toBe(text)
  })

  it('refuses what it cannot do with the name of the field, as its own error class', async () => {
    const bad: [object, string][] = [
      [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
      [{ store: true }, 'store'],
      [{ background: true }, 'background'],
      [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0].type'],
      [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
      // The host's own refusals, in the words of this API.
      [{ input: 'x '.repeat(20_000) }, 'input'],
      [
        { text: { format: { type: 'json_schema', name: 'a', schema: { type: 'nothing' } } } },
        'text.format.schema.type',
      ],
      [
        { tools: [{ ...look, parameters: { type: 'nothing' } }], tool_choice: 'required' },
        'tools[0].parameters.type',
      ],
    ]
    for (const [more, param] of bad) {
      const asked = client.responses.create({ model: CHAT, input: question, ...more } as never)
      const error = await Promise.resolve(asked).then(
        () => 'an answer',
        (thrown: unknown) => thrown,
      )
      expect(error, param).toBeInstanceOf(OpenAI.BadRequestError)
      expect(error).toMatchObject({ status: 400, param })
    }
    expect((await settledUsage(token)).units.month.held).toBe(0)
    expect(await refusal(await call('/v1/responses', { body: { model: CHAT, input: 'x' } }))).toMatchObject({
      status: 401,
      code: 'token_missing',
    })
  })

  it('throws where the host breaks off, and what was computed is charged', async () => {
    const { token: own } = await newUser('pro')
    const odd = new OpenAI({ baseURL: `${inject('oddEdge')}/v1`, apiKey: own, maxRetries: 0 })
    const stream = await odd.responses.create({
      model: CHAT,
      input: 'Hi',
      max_output_tokens: ODD.breaks,
      stream: true,
    })
    const read = async () => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toMatchObject({ code: 'host_failed' })
    const { units } = await settledUsage(own)
    expect(units.month).toMatchObject({
      used: ODD_USED.prompt_tokens + 4 * ODD_USED.completion_tokens,
      held: 0,
    })
  })
})
