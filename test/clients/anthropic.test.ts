import Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { describe, expect, inject, it } from 'vitest'
import * as z from 'zod'
import { readError } from '../../client/error.ts'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { CHAT, chatModel, newUser, settledUsage, stack, usageEvents } from '../fixtures/stack/client.ts'
import { QUESTION, Search } from './asked.ts'

const baseURL = stack.edge.url
const { token } = await newUser('pro')
const client = new Anthropic({ baseURL, apiKey: token, maxRetries: 0 })
const messages = [{ role: 'user' as const, content: QUESTION }]
/** The same answer each time. */
const asked = { model: CHAT, max_tokens: 60, messages, temperature: 0 }
const sampled = { ...asked, max_tokens: 300, temperature: 1 }
const tools = [
  {
    name: 'search',
    description: 'Looks it up.',
    input_schema: z.toJSONSchema(Search) as Anthropic.Tool.InputSchema,
  },
]

function textOf({ content: [block] }: { content: { type: string; text?: string }[] }): string {
  return block?.type === 'text' ? (block.text ?? '') : ''
}

/** What a request was charged: its one row of the ledger. */
async function charged(requestId: string | null | undefined) {
  const [row, ...more] = await usageEvents(requestId ?? '')
  expect(more).toEqual([])
  return row
}

describe('@anthropic-ai/sdk', () => {
  it('messages, with apiKey and with authToken', async () => {
    const message = await client.messages.create(asked)
    expect(message).toMatchObject({ type: 'message', role: 'assistant', model: CHAT })
    expect(textOf(message)).toMatch(/\w{3}/)
    const { input_tokens, output_tokens } = message.usage
    const { prompt, output } = chatModel.prices
    expect(await charged(message._request_id)).toMatchObject({
      outcome: 'ok',
      prompt_tokens: String(input_tokens),
      output_tokens: String(output_tokens),
      units: String(input_tokens * prompt + output_tokens * output),
    })
    const other = await new Anthropic({ baseURL, authToken: token, maxRetries: 0 }).messages.create(asked)
    expect(other.content).toEqual(message.content)
  })

  it('a token in x-api-key', async () => {
    const older = new Anthropic({
      baseURL,
      apiKey: null,
      authToken: null,
      maxRetries: 0,
      defaultHeaders: { 'x-api-key': token },
    })
    const { usage } = await older.messages.create({ ...asked, max_tokens: 3 })
    expect(usage.output_tokens).toBe(3)
  })

  it('messages, streamed', async () => {
    const whole = await client.messages.create(asked)
    const stream = client.messages.stream(asked)
    let text = ''
    stream.on('text', (delta) => {
      text += delta
    })
    const message = await stream.finalMessage()
    expect(text).toBe(textOf(whole))
    expect([message.content, message.usage, message.stop_reason]).toEqual([
      whole.content,
      whole.usage,
      whole.stop_reason,
    ])
  })

  it('tools, streamed, and the answer of a tool', async () => {
    const first = await client.messages
      .stream({ ...sampled, tools, tool_choice: { type: 'any' } })
      .finalMessage()
    const [call] = first.content
    if (call?.type !== 'tool_use') throw new Error('no call')
    expect([first.stop_reason, call.name]).toEqual(['tool_use', 'search'])
    expect(Search.parse(call.input)).toEqual(call.input)
    const result = {
      type: 'tool_result' as const,
      tool_use_id: call.id,
      content: 'What an account may spend.',
    }
    const next = await client.messages.create({
      ...asked,
      tools,
      tool_choice: { type: 'none' },
      messages: [
        ...messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [result] },
      ],
    })
    expect(textOf(next)).toMatch(/\w{3}/)
    // The tool's answer was read.
    const plain = await client.messages.countTokens({ model: CHAT, messages })
    expect(next.usage.input_tokens).toBeGreaterThan(plain.input_tokens + 30)
  })

  it('toolRunner', async () => {
    const seen: unknown[] = []
    const statuses: number[] = []
    const own = new Anthropic({
      baseURL,
      apiKey: token,
      maxRetries: 0,
      fetch: async (input, init) => {
        const answer = await fetch(input, init)
        statuses.push(answer.status)
        return answer
      },
    })
    const look = betaZodTool({
      name: 'search',
      description: 'Looks it up.',
      inputSchema: Search,
      run: (given) => {
        seen.push(given)
        return `${given.topic}: what an account may spend`
      },
    })
    const runner = own.beta.messages.toolRunner({
      ...sampled,
      tools: [look],
      tool_choice: { type: 'any' },
      max_iterations: 2,
    })
    const last = await runner
    expect(last.stop_reason).toBe('tool_use')
    expect(seen.map((given) => Search.safeParse(given).success)).toEqual([true, true])
    // It asks for a conversation that the server holds, and goes on without one.
    expect(statuses).toEqual([400, 200, 200])
  })

  it('parse with zodOutputFormat', async () => {
    const { parsed_output } = await client.messages.parse({
      ...sampled,
      output_config: { format: zodOutputFormat(z.object({ topic: Search.shape.topic })) },
    })
    expect(parsed_output).toEqual({ topic: expect.stringMatching(/^(budget|edge|host)$/) })
  })

  it('countTokens', async () => {
    const prompt = { model: CHAT, system: 'Be short.', messages, tools }
    const counted = await client.messages.countTokens(prompt)
    const { usage } = await client.messages.create({ ...prompt, max_tokens: 1 })
    expect(counted).toEqual({ input_tokens: usage.input_tokens })
  })

  it('models, the list', async () => {
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids).toEqual(stack.catalog.models.map(({ id }) => id).filter((id) => ids.includes(id)))
    expect(ids).toContain(CHAT)
  })

  it('errors as its own classes', async () => {
    const stranger = new Anthropic({ baseURL, apiKey: 'nonsense', maxRetries: 0 })
    const hostless = new Anthropic({ baseURL: inject('hostlessEdge'), apiKey: token, maxRetries: 0 })
    const enabled = { type: 'enabled' as const, budget_tokens: 1024 }
    const each: [() => Promise<unknown>, new (...a: never[]) => unknown, number, string, string][] = [
      [
        () => stranger.messages.create(asked),
        Anthropic.AuthenticationError,
        401,
        'authentication_error',
        'token_malformed',
      ],
      [
        () => client.messages.create({ ...asked, model: 'claude' }),
        Anthropic.NotFoundError,
        404,
        'not_found_error',
        'model_not_found',
      ],
      [
        () => client.messages.create({ ...asked, thinking: enabled }),
        Anthropic.BadRequestError,
        400,
        'invalid_request_error',
        'invalid_request',
      ],
      [
        () => hostless.messages.create(asked),
        Anthropic.InternalServerError,
        503,
        'api_error',
        'host_unavailable',
      ],
    ]
    for (const [call, kind, status, type, errorCode] of each) {
      const error = await call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({ status, type, errorCode, requestID: expect.stringMatching(/\w{8}/) })
      const { requestID, apiMessage } = error as InstanceType<typeof Anthropic.APIError>
      expect(await readError(error)).toMatchObject({
        code: errorCode,
        status,
        message: apiMessage,
        requestId: requestID,
      })
    }
  })

  it('retries after 529', async () => {
    const statuses: number[] = []
    const own = new Anthropic({
      baseURL: inject('busyEdge'),
      apiKey: token,
      maxRetries: 2,
      fetch: async (input, init) => {
        const answer = await fetch(input, init)
        statuses.push(answer.status)
        return answer
      },
    })
    const { usage } = await own.messages.create({ ...asked, max_tokens: 4 })
    expect(statuses).toEqual([529, 200])
    expect(usage.output_tokens).toBe(4)
  })

  it('abort', async () => {
    const user = await newUser('pro')
    const own = new Anthropic({ baseURL, apiKey: user.token, maxRetries: 0 })
    // Slow until the host has heard of it, which may take a busy machine a second.
    const row = await slowly(
      inject('pace'),
      async () => {
        const stream = own.messages.stream({ ...asked, max_tokens: 300 })
        stream.once('text', () => stream.abort())
        await expect(stream.finalMessage()).rejects.toThrow(Anthropic.APIUserAbortError)
        return charged(stream.request_id)
      },
      IN_A_BROWSER_MS,
    )
    expect(row?.outcome).toBe('cancelled')
    expect(Number(row?.output_tokens)).toBeGreaterThan(0)
    expect(Number(row?.output_tokens)).toBeLessThan(100)
    const { units } = await settledUsage(user.token)
    expect([units.month.used, units.month.held]).toEqual([Number(row?.units), 0])
  })
})
