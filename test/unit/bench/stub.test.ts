import { createParser } from 'eventsource-parser'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readStubModel, stubModel } from '../../../bench/upstream/answers.ts'
import { type Stub, startStub } from '../../../bench/upstream/stub.ts'

let stub: Stub
beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())

const post = (body: unknown, path = '/v1/chat/completions') =>
  fetch(`${stub.url}${path}`, { method: 'POST', body: JSON.stringify(body) })
const messages = [{ role: 'user' as const, content: 'Hello' }]
const model = stubModel({ chunks: 64, delayMs: 0 })

test('a model is told by its name, and by no other', () => {
  expect(readStubModel('stub-64-chunks-5-ms')).toEqual({ chunks: 64, delayMs: 5 })
  expect(readStubModel(stubModel({ chunks: 2, delayMs: 0 }))).toEqual({ chunks: 2, delayMs: 0 })
  for (const name of ['gpt-4', 'stub-64-chunks', 'a-stub-64-chunks-5-ms', 'stub-6e1-chunks-5-ms', 7])
    expect(readStubModel(name)).toBeUndefined()
})

describe('the stub', () => {
  test('answers in 400 bytes', async () => {
    const answer = await post({ model, messages })
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect([answer.status, bytes.length, answer.headers.get('content-length')]).toEqual([200, 400, '400'])
    expect(JSON.parse(String(bytes))).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 40, completion_tokens: 16, total_tokens: 56 },
    })
  })

  test.each([
    { stream_options: { include_usage: true }, events: 67, usage: 64 },
    { stream_options: undefined, events: 66, usage: undefined },
  ])('streams 64 chunks in $events events', async ({ stream_options, events, usage }) => {
    const answer = await post({ model, messages, stream: true, stream_options })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const seen: string[] = []
    createParser({ onEvent: ({ data }) => void seen.push(data) }).feed(await answer.text())
    expect([seen.length, seen.at(-1)]).toEqual([events, '[DONE]'])
    const chunks = seen.slice(0, -1).map((data) => JSON.parse(data))
    expect(chunks.filter(({ choices }) => choices[0]?.delta.content)).toHaveLength(64)
    expect(chunks.map((chunk) => chunk.usage?.completion_tokens).find(Boolean)).toBe(usage)
  })

  test("is understood by OpenAI's own client", async () => {
    const client = new OpenAI({ baseURL: `${stub.url}/v1`, apiKey: 'none' })
    const stream = await client.chat.completions.create({
      model: stubModel({ chunks: 3, delayMs: 1 }),
      stream: true,
      messages,
    })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).toBe(' word 0 word 1 word 2')
  })

  test('refuses what it does not know, and counts what it was asked', async () => {
    const before = stub.counts()
    const refused = [
      await post({ model: 'gpt-4', messages }),
      await post({ messages }),
      await post({ model }, '/v1/embeddings'),
      await fetch(`${stub.url}/v1/chat/completions`, { method: 'POST', body: '{' }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([404, 400, 404, 400])
    await (await post({ model, messages })).text()
    await (await post({ model, messages, stream: true })).text()
    const requests = ['a', 'b'].map((id) => ({ id, account: 'c' }))
    const said = await (await post({ requests }, '/v1/requests/usage')).json()
    expect(said).toMatchObject({ requests: [{ id: 'a' }, { id: 'b', usage: { completion_tokens: 16 } }] })
    const after = (await (await fetch(`${stub.url}/counts`)).json()) as ReturnType<typeof stub.counts>
    expect({
      answers: after.answers - before.answers,
      streams: after.streams - before.streams,
      questions: after.questions - before.questions,
      refused: after.refused - before.refused,
    }).toEqual({ answers: 1, streams: 1, questions: 1, refused: 4 })
  })

  test('counts a stream whose reader leaves', async () => {
    const before = stub.counts().left
    const leave = new AbortController()
    const answer = await fetch(`${stub.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: stubModel({ chunks: 1000, delayMs: 20 }), messages, stream: true }),
      signal: leave.signal,
    })
    await answer.body?.getReader().read()
    leave.abort()
    await expect.poll(() => stub.counts().left).toBe(before + 1)
  })
})
