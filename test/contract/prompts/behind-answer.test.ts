import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { serveOnLoopback } from '../../fixtures/loopback-server.ts'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'

// The edge as it is built, with LOG_PROMPTS=redacted, before a Redis that takes its time over prompts and over nothing else.

const PROMPT = 'hello from ann@example.com'
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let store: Awaited<ReturnType<typeof serveOnLoopback>>
let vendor: Awaited<ReturnType<typeof serveOnLoopback>>
/** What the store does with a prompt. */
let keep: (pass: () => Promise<void>, response: ServerResponse) => unknown
/** Runs before the model answers. */
let beforeAnswer: () => Promise<unknown>

const chunk = (choices: object[], more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'gpt', choices, ...more })}\n\n`
const USAGE = { usage: { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 } }

beforeAll(async () => {
  store = await serveOnLoopback(async (request, response) => {
    const body = (await request.toArray()).join('')
    async function pass() {
      const headers = { authorization: `Bearer ${edge.redis.token}`, 'content-type': 'application/json' }
      const answer = await fetch(`${edge.redis.url}${request.url}`, { method: 'POST', headers, body })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    }
    await (body.includes('"ZADD","twohop:prompts"') ? keep(pass, response) : pass())
  })
  vendor = await serveOnLoopback(async (request, response) => {
    const body = (await request.toArray()).join('')
    await beforeAnswer()
    const message = { role: 'assistant', content: 'hi' }
    if (!JSON.parse(body).stream)
      return response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          id: 'c1',
          created: 1,
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          ...USAGE,
        }),
      )
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(
        [
          chunk([{ index: 0, delta: message, finish_reason: 'stop' }]),
          chunk([], USAGE),
          'data: [DONE]\n\n',
        ].join(''),
      )
  })
  edge = await startUpstreamEdge({
    upstreams: [{ id: 'one', kind: 'openai', url: `${vendor.url}/v1`, key: 'UPSTREAM_KEY_ONE' }],
    models: [upstreamModel('gpt', { upstreams: [{ id: 'one', weight: 1 }] })],
    variables: { UPSTREAM_KEY_ONE: 'sk', UPSTASH_REDIS_REST_URL: store.url, LOG_PROMPTS: 'redacted' },
  })
})
afterAll(async () => {
  await edge?.stop()
  await vendor?.stop()
  await store?.stop()
})
beforeEach(async () => {
  keep = (pass) => pass()
  beforeAnswer = async () => {}
  edge.lines.length = 0
  await edge.stored('DEL', 'twohop:prompts', 'twohop:events')
})

async function ask(stream: boolean): Promise<string> {
  const answer = await edge.fetch('http://edge/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${edge.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: PROMPT }], stream }),
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  return text
}

it.each([
  ['a whole answer', false],
  ['a stream', true],
])('%s and its settlement do not wait for the prompt, which the platform waits for', async (_, stream) => {
  const asked = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  keep = async (pass) => {
    asked.resolve()
    await gate.promise
    await pass()
  }
  // The answer is there while nothing is kept.
  expect(await ask(stream)).toContain('hi')
  await asked.promise
  let waited = false
  const all = edge.charged().then((charged) => {
    waited = true
    return charged
  })
  const headers = { authorization: `Bearer ${edge.redis.token}` }
  const direct = async (...command: string[]) =>
    (
      (await (
        await fetch(edge.redis.url, { method: 'POST', headers, body: JSON.stringify(command) })
      ).json()) as { result: unknown }
    ).result
  expect(await direct('XLEN', 'twohop:events')).toBe(1)
  expect(await direct('ZCARD', 'twohop:prompts')).toBe(0)
  expect(waited).toBe(false)
  gate.resolve()
  expect(await all).toMatchObject([{ outcome: 'ok', prompt: 20, output: 10 }])
  const [kept = ''] = (await edge.stored('ZRANGE', 'twohop:prompts', 0, -1)) as string[]
  expect(kept).toContain('hello from [pii.email]')
})

it('a prompt is not looked at before the model has answered', async () => {
  let kept = 0
  keep = (pass) => {
    kept++
    return pass()
  }
  let before = -1
  beforeAnswer = async () => {
    // What was to come at once has come by now.
    await edge.scheduled()
    before = kept
  }
  await ask(false)
  await edge.charged()
  expect([before, kept]).toEqual([0, 1])
})

it.each([
  ['fails', (_: unknown, response: ServerResponse) => void response.writeHead(500).end('{"error":"full"}')],
  ['hangs up', (_: unknown, response: ServerResponse) => void response.destroy()],
])('a store of prompts that %s fails no answer, charges nothing else, and says so', async (_, does) => {
  keep = does
  expect(await ask(false)).toContain('hi')
  expect(await edge.charged()).toMatchObject([{ outcome: 'ok', prompt: 20, output: 10, units: 60 }])
  const lines = edge.lines.filter((line) => line.includes('prompt_not_kept'))
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toMatch(/ann@|hello/)
  expect(await edge.stored('ZCARD', 'twohop:prompts')).toBe(0)
})
