import OpenAI from 'openai'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { HISTORIES } from '../fixtures/openai/histories.ts'
import { CHAT, call, newUser, stack, streamData, usageEvents } from '../fixtures/stack/client.ts'

const { token } = await newUser('pro')
const client = new OpenAI({ baseURL: `${stack.edge.url}/v1`, apiKey: token, maxRetries: 0 })
const Search = z.object({ topic: z.enum(['budget', 'edge', 'host']) })
const search = zodFunction({ name: 'search', parameters: Search })
const REQUIRED = { tool_choice: 'required' } as const
const sampled = { model: CHAT, temperature: 1, seed: 4 }

describe('the openai package, answers sent back as they came', () => {
  it('calls a tool, reads its answer, and goes on', async () => {
    const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is a budget?' }]
    const asked = { ...sampled, tools: [search], messages }
    const first = await client.chat.completions.parse({ ...asked, ...REQUIRED })
    const answer = first.choices[0]?.message
    expect([first.choices[0]?.finish_reason, answer?.tool_calls?.length]).toEqual(['tool_calls', 1])
    expect(answer?.tool_calls?.[0]).toMatchObject({
      function: { name: 'search', parsed_arguments: { topic: expect.any(String) } },
    })
    if (answer) messages.push(answer)
    for (const { id } of answer?.tool_calls ?? [])
      messages.push({ role: 'tool', tool_call_id: id, content: 'What an account may spend.' })
    const second = await client.chat.completions.parse({ ...asked, tool_choice: 'none' })
    const said = second.choices[0]?.message
    expect(said?.content?.length).toBeGreaterThan(0)
    if (said) messages.push(said)
    messages.push({ role: 'user', content: 'And the edge?' })
    const third = await client.chat.completions.create({ ...sampled, messages, max_tokens: 5 })
    expect(third.usage?.prompt_tokens).toBeGreaterThan(
      second.usage?.prompt_tokens ?? Number.POSITIVE_INFINITY,
    )
  })

  it('parses an answer of a form, and takes it as the history of the next', async () => {
    const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is a budget?' }]
    const response_format = zodResponseFormat(Search, 'search')
    const first = await client.chat.completions.parse({ ...sampled, messages, response_format })
    const answer = first.choices[0]?.message
    expect(Search.safeParse(answer?.parsed).success).toBe(true)
    if (answer) messages.push(answer)
    messages.push({ role: 'user', content: 'And now?' })
    const second = await client.chat.completions.parse({ ...sampled, messages, response_format })
    expect(Search.safeParse(second.choices[0]?.message.parsed).success).toBe(true)
  })

  it('streams an answer and sends it back', async () => {
    const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is a budget?' }]
    const stream = client.chat.completions.stream({
      ...sampled,
      messages,
      tools: [search],
      ...REQUIRED,
    })
    const answer = await stream.finalMessage()
    messages.push(answer)
    for (const { id } of answer.tool_calls ?? [])
      messages.push({ role: 'tool', tool_call_id: id, content: 'What it is.' })
    const next = await client.chat.completions.create({ ...sampled, messages, max_tokens: 5 })
    expect(next.choices[0]?.message.role).toBe('assistant')
  })

  it('runs its own loop over functions', async () => {
    const seen: unknown[] = []
    const runner = client.chat.completions.runTools({
      ...sampled,
      messages: [{ role: 'user', content: 'What is a budget?' }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      tools: [
        {
          type: 'function',
          function: {
            name: 'look',
            description: 'Looks it up.',
            parameters: {
              type: 'object',
              properties: { topic: { enum: ['budget', 'edge'] } },
              required: ['topic'],
              additionalProperties: false,
            },
            parse: JSON.parse,
            function: (given: object) => {
              seen.push(given)
              return 'What an account may spend.'
            },
          },
        },
      ],
    })
    await runner.done()
    expect(seen).toEqual([{ topic: expect.stringMatching(/^(budget|edge)$/) }])
  })
})

describe.each(HISTORIES)('a tool loop of $client', ({ body }) => {
  it('is answered, and what the host read is charged', async () => {
    const answer = await call('/v1/chat/completions', {
      token,
      body: { model: CHAT, max_tokens: 8, ...body, max_completion_tokens: 8 },
    })
    expect(answer.status).toBe(200)
    if (body.stream) expect((await streamData(answer)).at(-1)).toBe('[DONE]')
    else expect(await answer.json()).toMatchObject({ choices: [{ message: { role: 'assistant' } }] })
    const [event] = await usageEvents(answer.headers.get('x-request-id') ?? '')
    expect(event).toMatchObject({ outcome: 'ok' })
    expect(Number(event?.prompt_tokens)).toBeGreaterThan(20)
  })
})

describe('what is harmless, at its limits', () => {
  it.each([
    ['top_p: 0', { top_p: 0 }],
    ['a seed of 64 bits', '"seed":9223372036854775807'],
    ['a seed of 64 bits without a sign, and two answers', '"seed":18446744073709551615,"n":2'],
    ['obfuscation', { stream_options: { include_obfuscation: true } }],
    [
      'only some of the tools',
      {
        tools: [search],
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'search' } }] },
        },
      },
    ],
    ['no tools', { tools: [] }],
  ])('%s', async (_, more) => {
    const plain = { model: CHAT, max_tokens: 16, temperature: 2, messages: [{ role: 'user', content: 'Hi' }] }
    const body =
      typeof more === 'string' ? `${JSON.stringify(plain).slice(0, -1)},${more}}` : { ...plain, ...more }
    const answer = await call('/v1/chat/completions', { token, body })
    expect(answer.status).toBe(200)
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] }
    if (choices.length === 2) expect(choices[0]?.message.content).not.toBe(choices[1]?.message.content)
  })
})
