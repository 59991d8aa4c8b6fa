import { type BaseMessage, HumanMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { describe, expect, inject, it } from 'vitest'
import { readError } from '../../client/index.ts'
import { CHAT, EMBED, newUser, stack } from '../fixtures/stack/client.ts'
import { dot, QUESTION, Search, TEXTS } from './asked.ts'

const { token } = await newUser('pro')
const at = (edge: string, apiKey = token) => ({
  apiKey,
  configuration: { baseURL: `${edge}/v1` },
  maxRetries: 0,
})
const chat = new ChatOpenAI({ ...at(stack.edge.url), model: CHAT, temperature: 0 })
const sampled = new ChatOpenAI({
  ...at(stack.edge.url),
  model: CHAT,
  temperature: 1,
  modelKwargs: { seed: 4 },
})

/** Its types say that there is none. */
const usageOf = (answer: BaseMessage) => (answer as { usage_metadata?: UsageMetadata }).usage_metadata

describe('@langchain/openai', () => {
  it('ChatOpenAI, invoke', async () => {
    const answer = await chat.invoke(QUESTION)
    expect(answer.text).toMatch(/\w{3}/)
    const { input_tokens = 0, output_tokens = 0, total_tokens } = usageOf(answer) ?? {}
    expect(input_tokens).toBeGreaterThan(3)
    expect(total_tokens).toBe(input_tokens + output_tokens)
  })

  it('ChatOpenAI, stream', async () => {
    const whole = await chat.invoke(QUESTION)
    const pieces = await Array.fromAsync(await chat.stream(QUESTION))
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.map(({ text }) => text).join('')).toBe(whole.text)
  })

  it('withStructuredOutput', async () => {
    const found = await sampled.withStructuredOutput(Search, { name: 'search' }).invoke(QUESTION)
    expect(Search.parse(found)).toEqual(found)
    const called = sampled.withStructuredOutput(Search, { name: 'search', method: 'functionCalling' })
    expect(Search.safeParse(await called.invoke(QUESTION)).success).toBe(true)
  })

  it('bindTools, and the answer of a tool', async () => {
    const look = tool(async ({ topic }) => `${topic}: what an account may spend`, {
      name: 'look',
      description: 'Looks it up.',
      schema: Search,
    })
    const asked = new HumanMessage(QUESTION)
    const answer = await sampled.bindTools([look], { tool_choice: 'required' }).invoke([asked])
    const [call] = answer.tool_calls ?? []
    expect(call?.name).toBe('look')
    expect(Search.safeParse(call?.args).success).toBe(true)
    const said = new ToolMessage({
      content: await look.invoke(Search.parse(call?.args)),
      tool_call_id: call?.id ?? '',
    })
    const next = await sampled.bindTools([look], { tool_choice: 'none' }).invoke([asked, answer, said])
    expect(next.text).toMatch(/\w{3}/)
    expect(usageOf(next)?.input_tokens).toBeGreaterThan(20)
  })

  it('OpenAIEmbeddings', async () => {
    const embeddings = new OpenAIEmbeddings({ ...at(stack.edge.url), model: EMBED })
    const [cancel, end, soup] = await embeddings.embedDocuments([...TEXTS])
    expect(dot(cancel, end)).toBeGreaterThan(dot(cancel, soup))
    expect(dot(await embeddings.embedQuery(TEXTS[0]), cancel)).toBeCloseTo(1, 3)
  })

  it('errors', async () => {
    const stranger = new ChatOpenAI({ ...at(stack.edge.url, 'nonsense'), model: CHAT })
    const error = await stranger.invoke(QUESTION).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 401, code: 'token_malformed' })
    expect(await readError(error)).toMatchObject({ code: 'token_malformed', status: 401 })
    const away = new ChatOpenAI({ ...at(inject('hostlessEdge')), model: CHAT })
    await expect(away.invoke(QUESTION)).rejects.toMatchObject({ status: 503, code: 'host_unavailable' })
  })

  it('retries after 503', async () => {
    const busy = new ChatOpenAI({ ...at(inject('busyEdge')), maxRetries: 2, model: CHAT, maxTokens: 4 })
    expect(usageOf(await busy.invoke(QUESTION))?.output_tokens).toBe(4)
  })
})
