import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  type EmbeddingModel,
  embedMany,
  generateText,
  isStepCount,
  type LanguageModel,
  Output,
  RetryError,
  streamText,
  tool,
} from 'ai'
import { describe, expect, inject, it } from 'vitest'
import { slowly } from '../fixtures/pace.ts'
import { CHAT, EMBED, newUser, settledUsage, stack } from '../fixtures/stack/client.ts'
import { dot, QUESTION, Search, TEXTS } from './asked.ts'

const { token } = await newUser('pro')
const prompt = QUESTION

type Provider = {
  chat: (token: string, edge?: string) => LanguageModel
  embedding: (token: string) => EmbeddingModel
}

const compatible = (apiKey: string, edge = stack.edge.url) =>
  createOpenAICompatible({
    name: 'twohop',
    baseURL: `${edge}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
const openai = (apiKey: string, edge = stack.edge.url) => createOpenAI({ baseURL: `${edge}/v1`, apiKey })

const COMPATIBLE: Provider = {
  chat: (key, edge) => compatible(key, edge).chatModel(CHAT),
  embedding: (key) => compatible(key).embeddingModel(EMBED),
}
const OPENAI_CHAT: Provider = {
  chat: (key, edge) => openai(key, edge).chat(CHAT),
  embedding: (key) => openai(key).embeddingModel(EMBED),
}

const OPENAI: Provider = {
  chat: (key, edge) => openai(key, edge)(CHAT),
  embedding: OPENAI_CHAT.embedding,
}

async function generates({ chat }: Provider) {
  const { text, usage, finishReason } = await generateText({ model: chat(token), prompt, temperature: 0 })
  expect(text).toMatch(/\w{3}/)
  expect(finishReason).toBe('stop')
  expect(usage.inputTokens).toBeGreaterThan(3)
  expect(usage.totalTokens).toBe((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0))
}

async function streams({ chat }: Provider) {
  const whole = await generateText({ model: chat(token), prompt, temperature: 0 })
  const { textStream, usage } = streamText({ model: chat(token), prompt, temperature: 0 })
  const pieces = await Array.fromAsync(textStream)
  expect(pieces.length).toBeGreaterThan(2)
  expect(pieces.join('')).toBe(whole.text)
  expect((await usage).outputTokens).toBe(whole.usage.outputTokens)
}

async function structures({ chat }: Provider) {
  const asked = {
    model: chat(token),
    prompt,
    temperature: 0,
    output: Output.object({ schema: Search }),
  }
  const { output } = await generateText(asked)
  expect(Search.parse(output)).toEqual(output)
  const stream = streamText(asked)
  const parts = await Array.fromAsync(stream.partialOutputStream)
  expect(parts.at(-1)).toEqual(output)
}

async function embeds({ embedding }: Provider) {
  const { embeddings, usage } = await embedMany({ model: embedding(token), values: [...TEXTS] })
  const [cancel, end, soup] = embeddings
  expect(dot(cancel, cancel)).toBeCloseTo(1, 3)
  expect(dot(cancel, end)).toBeGreaterThan(dot(cancel, soup))
  expect(usage.tokens).toBeGreaterThan(15)
}

/** A loop over two answers, the first of which has to call. */
async function looking({ chat }: Provider, providerOptions = {}) {
  const seen: unknown[] = []
  const { steps, text, totalUsage } = await generateText({
    model: chat(token),
    prompt,
    temperature: 1,
    seed: 4,
    providerOptions,
    tools: {
      look: tool({
        description: 'Looks it up.',
        inputSchema: Search,
        execute: async (input) => {
          seen.push(input)
          return `${input.topic}: what an account may spend`
        },
      }),
    },
    stopWhen: isStepCount(2),
    prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' }),
  })
  return { steps, text, totalUsage, seen, ends: steps.map(({ finishReason }) => finishReason) }
}

async function loops(provider: Provider) {
  const { steps, text, totalUsage, seen, ends } = await looking(provider)
  expect(ends).toEqual(['tool-calls', 'stop'])
  expect(seen.map((input) => Search.safeParse(input).success)).toEqual([true])
  expect(text).toMatch(/\w{3}/)
  expect(totalUsage.outputTokens).toBe(
    steps.reduce((sum, { usage }) => sum + (usage.outputTokens ?? Number.NaN), 0),
  )
}

async function loopsWithoutEnd(provider: Provider) {
  const { seen, ends } = await looking(provider, { twohop: { parallel_tool_calls: true } })
  expect([ends, seen]).toEqual([['length'], []])
}

async function refuses({ chat, embedding }: Provider) {
  const refused = generateText({ model: chat('nonsense'), prompt, maxRetries: 0 })
  const error = await refused.catch((thrown: unknown) => thrown)
  expect(APICallError.isInstance(error)).toBe(true)
  expect(error).toMatchObject({ statusCode: 401, isRetryable: false })
  expect((error as APICallError).message).toMatch(/token/i)
  expect(JSON.parse((error as APICallError).responseBody ?? '')).toMatchObject({
    error: { code: 'token_malformed' },
  })
  const poor = (await newUser('few-models')).token
  await expect(embedMany({ model: embedding(poor), values: ['x'] })).rejects.toMatchObject({
    statusCode: 403,
  })
}

async function retries({ chat }: Provider) {
  const { text } = await generateText({ model: chat(token, inject('busyEdge')), prompt, temperature: 0 })
  expect(text).toMatch(/\w{3}/)
  const away = generateText({ model: chat(token, inject('hostlessEdge')), prompt, maxRetries: 1 })
  const error = await away.catch((thrown: unknown) => thrown)
  expect(RetryError.isInstance(error) && error.errors).toHaveLength(2)
}

async function aborts({ chat }: Provider) {
  const user = await newUser('pro')
  const stop = new AbortController()
  // What was produced is charged, and nothing of it is held any more. Slow until the host has heard of it.
  const { units } = await slowly(inject('pace'), async () => {
    const { textStream } = streamText({
      model: chat(user.token),
      prompt,
      maxOutputTokens: 300,
      abortSignal: stop.signal,
    })
    for await (const piece of textStream) if (piece) stop.abort()
    return settledUsage(user.token)
  })
  expect(units.month.used).toBeGreaterThan(0)
  expect(units.month.used).toBeLessThan(300)
}

describe('ai + @ai-sdk/openai-compatible', () => {
  it('generateText', () => generates(COMPATIBLE))
  it('streamText', () => streams(COMPATIBLE))
  it('structured output, whole and streamed', () => structures(COMPATIBLE))
  it('embedMany', () => embeds(COMPATIBLE))
  it('a tool loop', () => loops(COMPATIBLE))
  it('a tool loop, of calls without an end', () => loopsWithoutEnd(COMPATIBLE))
  it('errors', () => refuses(COMPATIBLE))
  it('retries after 503', () => retries(COMPATIBLE))
  it('abort', () => aborts(COMPATIBLE))
})

describe('ai + @ai-sdk/openai', () => {
  it('generateText with .chat()', () => generates(OPENAI_CHAT))
  it('streamText with .chat()', () => streams(OPENAI_CHAT))
  it('structured output with .chat()', () => structures(OPENAI_CHAT))
  it('embedMany', () => embeds(OPENAI_CHAT))
  it('a tool loop with .chat()', () => loops(OPENAI_CHAT))
  it('errors', () => refuses(OPENAI_CHAT))
  it('retries after 503', () => retries(OPENAI_CHAT))
  it('abort', () => aborts(OPENAI_CHAT))

  it('generateText, by responses', () => generates(OPENAI))
  it('streamText, by responses', () => streams(OPENAI))
  it('structured output, by responses', () => structures(OPENAI))
  it('a tool loop, by responses', () => loops(OPENAI))
})
