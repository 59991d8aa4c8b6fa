import { describe, expect, inject, it } from 'vitest'
import { CHAT, call, newUser, settledUsage, usageEvents } from '../fixtures/stack/client.ts'
import { ODD, ODD_USED } from './odd-host.ts'

const question = 'What is Twohop?'
const { token } = await newUser('pro')

type Block = { type: string; text?: string; name?: string; id?: string; input?: Record<string, unknown> }
type Message = {
  id: string
  content: Block[]
  stop_reason: string
  stop_sequence: string | null
  usage: { input_tokens: number; output_tokens: number }
}
type Event = Record<string, unknown> & { type: string; index?: number }

const ask = (more: object = {}, content: unknown = question) => ({
  model: CHAT,
  max_tokens: 40,
  temperature: 0,
  messages: [{ role: 'user', content }],
  ...more,
})
const send = (body: unknown, more: Parameters<typeof call>[1] = {}) =>
  call('/v1/messages', { body, headers: { 'x-api-key': token, 'anthropic-version': '2023-06-01' }, ...more })
const said = async (answer: Response) => (await answer.json()) as Message

async function eventsOf(answer: Response): Promise<Event[]> {
  const text = await answer.text()
  return text
    .trimEnd()
    .split('\n\n')
    .map((one) => {
      const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(one) ?? []
      const event = JSON.parse(data ?? 'null') as Event
      expect(event.type).toBe(name)
      return event
    })
}

/** What a request was charged: its one row. */
async function charged(answer: Response) {
  const [row, ...more] = await usageEvents(answer.headers.get('request-id') ?? '')
  expect(more).toEqual([])
  const { task, outcome, prompt_tokens, output_tokens, units } = row ?? {}
  return { task, outcome, prompt_tokens, output_tokens, units }
}

describe('messages', () => {
  it('answer in the shape of their API, with what a chat says and costs', async () => {
    const answer = await send(ask({ system: 'Be short.' }))
    const body = await said(answer)
    const chat = await call('/v1/chat/completions', {
      token,
      body: {
        model: CHAT,
        temperature: 0,
        max_tokens: 40,
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: question },
        ],
      },
    })
    const { choices, usage } = (await chat.json()) as {
      choices: { message: { content: string }; finish_reason: string }[]
      usage: { prompt_tokens: number; completion_tokens: number }
    }
    expect(body).toEqual({
      id: `msg_${answer.headers.get('request-id')}`,
      type: 'message',
      role: 'assistant',
      model: CHAT,
      content: [{ type: 'text', text: choices[0]?.message.content, citations: null }],
      stop_reason: choices[0]?.finish_reason === 'stop' ? 'end_turn' : 'max_tokens',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: usage.prompt_tokens,
        output_tokens: usage.completion_tokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: null,
        output_tokens_details: null,
        server_tool_use: null,
        inference_geo: null,
        service_tier: 'standard',
        speed: null,
      },
    })
    const row = await charged(answer)
    const [same] = await usageEvents(chat.headers.get('x-request-id') ?? '')
    expect(same).toMatchObject(row)
    expect(row).toMatchObject({ task: 'chat', outcome: 'ok', prompt_tokens: String(usage.prompt_tokens) })
  })

  it('stream the same answer: the usage of the prompt first, then the blocks in their order', async () => {
    const whole = await send(ask())
    const body = await said(whole)
    const answer = await send(ask({ stream: true }))
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = await eventsOf(answer)
    const deltas = events.filter(({ type }) => type === 'content_block_delta')
    expect(deltas.length).toBeGreaterThan(3)
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      ...deltas.map(({ type }) => type),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    const text = deltas.map(({ delta }) => (delta as { text: string }).text).join('')
    expect(text).toBe(body.content[0]?.text)
    const { input_tokens, output_tokens } = body.usage
    expect(events[0]).toMatchObject({ message: { content: [], usage: { input_tokens, output_tokens: 0 } } })
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: body.stop_reason, stop_sequence: null },
      usage: { input_tokens, output_tokens },
    })
    expect(await charged(answer)).toEqual(await charged(whole))
  })

  it('say with which stop sequence they ended, whole and streamed', async () => {
    const body = ask({ stop_sequences: ['zzzz', 'e'] })
    const whole = await said(await send(body))
    expect([whole.stop_reason, whole.stop_sequence]).toEqual(['stop_sequence', 'e'])
    const events = await eventsOf(await send({ ...body, stream: true }))
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'stop_sequence', stop_sequence: 'e' } })
    const short = await said(await send(ask({ max_tokens: 2 })))
    expect([short.stop_reason, short.stop_sequence]).toEqual(['max_tokens', null])
  })

  it('call tools, whole and streamed, and go on after their results', async () => {
    const tools = [
      {
        name: 'look_up',
        description: 'Looks a word up.',
        input_schema: {
          type: 'object',
          properties: { word: { enum: ['budget', 'edge'] } },
          required: ['word'],
          additionalProperties: false,
        },
      },
    ]
    const body = ask({
      max_tokens: 200,
      tools,
      tool_choice: { type: 'any' },
    })
    const whole = await said(await send(body))
    expect(whole.stop_reason).toBe('tool_use')
    const [used, ...more] = whole.content
    expect([used?.type, used?.name, more]).toEqual(['tool_use', 'look_up', []])
    expect(used?.input).toEqual({ word: expect.stringMatching(/^(budget|edge)$/) })

    const events = await eventsOf(await send({ ...body, stream: true }))
    expect(events[1]).toMatchObject({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', name: 'look_up', input: {} },
    })
    const json = events
      .filter(({ type }) => type === 'content_block_delta')
      .map(({ delta }) => (delta as { partial_json: string }).partial_json)
    expect(JSON.parse(json.join(''))).toEqual(used?.input)
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })

    const after = await send({
      ...ask({ tools, tool_choice: { type: 'none' } }),
      messages: [
        { role: 'user', content: question },
        { role: 'assistant', content: whole.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: used?.id, content: 'No such word.', is_error: true },
            { type: 'text', text: 'Then say what you know.' },
          ],
        },
      ],
    })
    expect((await said(after)).content[0]?.text?.length).toBeGreaterThan(0)
    expect((await charged(after)).outcome).toBe('ok')
  })

  it('follow a schema', async () => {
    const schema = {
      type: 'object',
      properties: { size: { enum: ['small', 'large'] } },
      required: ['size'],
      additionalProperties: false,
    }
    const { content } = await said(
      await send(ask({ output_config: { format: { type: 'json_schema', schema } } })),
    )
    expect(JSON.parse(content[0]?.text ?? '')).toEqual({ size: expect.stringMatching(/^(small|large)$/) })
  })

  it('count their prompt as the answer then does, for nothing', async () => {
    const { token: own } = await newUser('pro')
    const prompt = { model: CHAT, system: 'Be short.', messages: ask().messages }
    const counted = await call('/v1/messages/count_tokens', { token: own, body: prompt })
    expect(counted.status).toBe(200)
    const usage = await settledUsage(own)
    expect([usage.units.month.used, usage.units.month.held]).toEqual([0, 0])
    const { usage: used } = await said(await send({ ...prompt, max_tokens: 1 }, { token: own, headers: {} }))
    expect(await counted.json()).toEqual({ input_tokens: used.input_tokens })
    const long = { ...prompt, messages: ask({}, 'x '.repeat(20_000)).messages }
    const refused = await call('/v1/messages/count_tokens', { token: own, body: long })
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages' },
      },
    ])
  })

  it('take a token from one header, and refuse two', async () => {
    const { token: other } = await newUser('pro')
    const one = await send(ask({ max_tokens: 1 }), { token, headers: {} })
    expect(one.status).toBe(200)
    const both = await send(ask({ max_tokens: 1 }), { token })
    expect(both.status).toBe(200)
    const two = await send(ask(), { token: other, headers: { 'x-api-key': token } })
    expect([two.status, await two.json()]).toMatchObject([401, { error: { code: 'token_malformed' } }])
    const elsewhere = await call('/v1/models', { headers: { 'x-api-key': token } })
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([
      401,
      { error: { code: 'token_missing' } },
    ])
  })

  it.each<[string, Parameters<typeof call>[1] & { path?: string }, number, string, string]>([
    ['without a token', { headers: {} }, 401, 'authentication_error', 'token_missing'],
    [
      'of a bad field',
      { body: ask({ thinking: { type: 'enabled' } }) },
      400,
      'invalid_request_error',
      'invalid_request',
    ],
    ['of no model', { body: ask({ model: 'claude' }) }, 404, 'not_found_error', 'model_not_found'],
    [
      'from elsewhere',
      { headers: { origin: 'https://evil.example' } },
      403,
      'permission_error',
      'origin_not_allowed',
    ],
    ['that is too large', { body: ask({}, 'x'.repeat(70_000)) }, 413, 'request_too_large', 'body_too_large'],
    ['to nowhere', { path: '/v1/messages/batches' }, 404, 'not_found_error', 'not_found'],
    ['with another method', { method: 'PUT' }, 405, 'invalid_request_error', 'method_not_allowed'],
    ['to no host', { edge: inject('hostlessEdge') }, 503, 'api_error', 'host_unavailable'],
    ['to no store', { edge: inject('storelessEdge') }, 503, 'api_error', 'store_unavailable'],
  ])(
    "refuse a request %s in their API's envelope",
    async (_, { path = '/v1/messages', ...more }, status, type, code) => {
      const answer = await call(path, { body: ask(), headers: { 'x-api-key': token }, ...more })
      const id = answer.headers.get('request-id')
      expect(answer.status).toBe(status)
      expect(await answer.json()).toMatchObject({
        type: 'error',
        request_id: id,
        error: { type, code, details: { error_code: code }, message: expect.any(String) },
      })
      expect(id).toBe(answer.headers.get('x-request-id'))
    },
  )

  it('end with an error event where the host breaks off, and what was computed is charged', async () => {
    const { token: own } = await newUser('pro')
    const body = ask({ stream: true, max_tokens: ODD.breaks })
    const answer = await send(body, { token: own, headers: {}, edge: inject('oddEdge') })
    const events = await eventsOf(answer)
    expect(events.at(-1)).toMatchObject({
      type: 'error',
      error: { type: 'api_error', code: 'host_failed' },
      request_id: answer.headers.get('request-id'),
    })
    expect((await settledUsage(own)).units.month.used).toBe(
      ODD_USED.prompt_tokens + 4 * ODD_USED.completion_tokens,
    )
  })
})
