import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { holdClock } from '../../fixtures/hold-clock.ts'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'

let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
beforeAll(async () => {
  edge = await startUpstreamEdge({ upstreams: [], models: [upstreamModel('chat', {})] })
})
beforeEach(() => edge.stored('FLUSHALL'))
afterAll(() => edge.stop())

async function say(body: object, headers: Record<string, string> = {}) {
  const answer = await edge.fetch('http://edge.example/v1/feedback', {
    method: 'POST',
    headers: { authorization: `Bearer ${edge.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: answer.status, said: (await answer.json()) as Record<string, unknown> }
}
const kept = async () => (await edge.stored('XLEN', 'twohop:feedback')) as number

it('is taken in for every id alike, without a ledger too', async () => {
  expect(await say({ request_id: 'r1', score: 1, text: 'good' })).toEqual({
    status: 202,
    said: { object: 'feedback', request_id: 'r1', score: 1 },
  })
  expect(await say({ request_id: 'made-up', score: -1 })).toMatchObject({ status: 202 })
  const entries = (await edge.stored('XRANGE', 'twohop:feedback', '-', '+')) as [string, string[]][]
  expect(entries.map(([, words]) => words)).toEqual([
    ['account', expect.stringContaining('ada'), 'request_id', 'r1', 'score', '1', 'text', 'good'],
    ['account', expect.stringContaining('ada'), 'request_id', 'made-up', 'score', '-1', 'text', ''],
  ])
})

it.each([
  ['request_id', { score: 1 }],
  ['request_id', { request_id: 'a b', score: 1 }],
  ['request_id', { request_id: 'r'.repeat(101), score: 1 }],
  ['score', { request_id: 'r1', score: 0 }],
  ['score', { request_id: 'r1', score: '1' }],
  ['text', { request_id: 'r1', score: 1, text: 'x'.repeat(2001) }],
  ['text', { request_id: 'r1', score: 1, text: 'a\u0000b' }],
  ['account', { request_id: 'r1', score: 1, account: 'bob' }],
])('refuses a wrong %s, and keeps nothing', async (param, body) => {
  const before = await kept()
  const { status, said } = await say(body)
  expect([status, (said.error as { code: string; param: string }).code]).toEqual([400, 'invalid_request'])
  expect((said.error as { param: string }).param).toBe(param)
  expect(await kept()).toBe(before)
})

it('under the same idempotency key is kept once', async () => {
  const before = await kept()
  const first = await say({ request_id: 'r2', score: 1 }, { 'idempotency-key': 'once' })
  expect(await say({ request_id: 'r2', score: 1 }, { 'idempotency-key': 'once' })).toEqual(first)
  expect(await kept()).toBe(before + 1)
})

it('is bounded by a rate of its own for each account', async () => {
  holdClock()
  const statuses: number[] = []
  for (let n = 0; n < 61; n++) statuses.push((await say({ request_id: 'r3', score: 1 })).status)
  expect(statuses.at(-1)).toBe(429)
})
