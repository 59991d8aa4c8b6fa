import { afterEach, beforeEach, expect, it } from 'vitest'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import { ANTHROPIC_ANSWERS } from '../../fixtures/vendors/anthropic.ts'
import { OPENAI_ANSWERS } from '../../fixtures/vendors/openai.ts'
import { startScripted } from '../../fixtures/vendors/scripted.ts'

// A model of two versions, each at a vendor of its own, on the edge as it is built and a real Redis.

type Fake = Awaited<ReturnType<typeof startScripted>>

let old: Fake
let next: Fake
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>

beforeEach(async () => {
  const isStream = (body: unknown) =>
    typeof body === 'object' && body !== null && 'stream' in body && body.stream
  old = await startScripted(({ body }) => OPENAI_ANSWERS.text?.[isStream(body) ? 'stream' : 'whole'] ?? {})
  next = await startScripted(
    ({ body }) => ANTHROPIC_ANSWERS.text?.[isStream(body) ? 'stream' : 'whole'] ?? {},
  )
  edge = await startUpstreamEdge({
    upstreams: [
      { id: 'old', kind: 'openai', url: `${old.url}/v1` },
      { id: 'next', kind: 'anthropic', url: next.url },
    ],
    models: [
      upstreamModel('chat', {
        tasks: ['chat'],
        versions: [
          { id: '2026-10', weight: 3, upstreams: [{ id: 'old', model: 'gpt-4.1' }] },
          { id: '2026-11', upstreams: [{ id: 'next', model: 'claude-opus-4-5' }] },
        ],
      }),
    ],
  })
})
afterEach(async () => {
  await Promise.all([old.stop(), next.stop()])
  await edge.stop()
})

const MESSAGES = [{ role: 'user', content: 'Hello' }]
const ASKED = {
  '/v1/chat/completions': { max_tokens: 16, messages: MESSAGES },
  '/v1/responses': { max_output_tokens: 16, input: 'Hello' },
  '/v1/messages': { max_tokens: 16, messages: MESSAGES },
}

async function ask(path: keyof typeof ASKED, token: string, { stream = false, headers = {} } = {}) {
  const answer = await edge.fetch(`http://edge.example${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'chat', stream, ...ASKED[path] }),
  })
  const text = await answer.text()
  return { status: answer.status, version: answer.headers.get('x-model-version'), answer, text }
}

/** The versions of the usage events, in order. */
async function charged(): Promise<(string | undefined)[]> {
  const events = (await edge.stored('XRANGE', 'twohop:events', '-', '+')) as [string, string[]][]
  return events.map(([, pairs]) => pairs[pairs.indexOf('version') + 1])
}

it('each account keeps its version over all three APIs, whole and streamed; the answer and the usage event name it', async () => {
  const said: (string | null)[] = []
  for (let i = 0; i < 12; i++) {
    const token = await edge.tokenOf(`user-${i}`)
    const own = new Set<string | null>()
    for (const path of Object.keys(ASKED) as (keyof typeof ASKED)[])
      for (const stream of [false, true]) {
        const { status, version, answer } = await ask(path, token, { stream })
        expect(status).toBe(200)
        expect(answer.headers.get('access-control-expose-headers')).toContain('x-model-version')
        own.add(version)
        said.push(version)
      }
    expect(own.size).toBe(1)
  }
  expect(new Set(said)).toEqual(new Set(['2026-10', '2026-11']))
  expect(await charged()).toEqual(said)
  // Each went where its version is.
  const asked = (fake: Fake) => fake.asked.filter(({ path }) => !path.includes('models')).length
  expect(asked(old)).toBe(said.filter((version) => version === '2026-10').length)
  expect(asked(next)).toBe(said.filter((version) => version === '2026-11').length)
})

it('an answer that is repeated names the version that it had; who may not choose one is refused, and nothing is charged', async () => {
  const headers = { 'idempotency-key': 'once' }
  const first = await ask('/v1/chat/completions', edge.token, { headers })
  const before = await charged()
  const again = await ask('/v1/chat/completions', edge.token, { headers })
  expect([again.version, again.text]).toEqual([first.version, first.text])
  expect(again.answer.headers.get('idempotency-replayed')).toBe('true')
  const chosen = await ask('/v1/chat/completions', edge.token, { headers: { 'x-model-version': '2026-11' } })
  expect([chosen.status, JSON.parse(chosen.text).error.code, chosen.version]).toEqual([
    403,
    'scope_missing',
    null,
  ])
  expect(await charged()).toEqual(before)
})

it('the list of models says nothing of versions', async () => {
  const answer = await edge.fetch('http://edge.example/v1/models', {
    headers: { authorization: `Bearer ${edge.token}` },
  })
  expect(Object.keys(JSON.parse(await answer.text()).data[0])).toEqual([
    'id',
    'object',
    'created',
    'owned_by',
    'tasks',
  ])
})
