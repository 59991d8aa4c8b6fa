import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ask, CHAT, call, EMBED, jobOver, newUser, usageEvents } from '../fixtures/stack/client.ts'

const LEFT = ['ratelimit', 'ratelimit-policy']
const ALWAYS = ['x-request-id', 'server-timing']

/** Which of the headers that README.md speaks of an answer has. */
async function headersOf(answer: Response): Promise<string[]> {
  await answer.arrayBuffer()
  return [...ALWAYS, ...LEFT].filter((name) => answer.headers.has(name))
}

async function tokenOf(plan: string): Promise<string> {
  return (await newUser(plan)).token
}

const JOB = { endpoint: '/v1/embeddings', body: { model: EMBED, input: 'a' } }

describe('what is left is told', () => {
  it.each([
    ['a whole answer', '/v1/chat/completions', { body: ask('Hi', { max_tokens: 1 }) }, 200],
    ['a stream', '/v1/chat/completions', { body: ask('Hi', { max_tokens: 1, stream: true }) }, 200],
    ['vectors', '/v1/embeddings', { body: { model: EMBED, input: 'a' } }, 200],
    ['a job taken in', '/v1/jobs', { body: JOB }, 202],
    ['usage', '/v1/usage', {}, 200],
  ])('by %s', async (_, path, request, status) => {
    const answer = await call(path, { token: await tokenOf('pro'), ...request })
    expect(answer.status).toBe(status)
    expect(await headersOf(answer)).toEqual([...ALWAYS, ...LEFT])
    if (status === 202) await jobOver(answer.headers.get('location'))
  })

  it('by a refusal for a limit', async () => {
    const token = await tokenOf('two-a-minute')
    const answers: Response[] = []
    // Three in a row may straddle a minute; of six, three lie in one.
    for (let i = 0; i < 6; i++) {
      const answer = await call('/v1/embeddings', { token, body: { model: EMBED, input: 'a' } })
      expect(await headersOf(answer)).toEqual([...ALWAYS, ...LEFT])
      answers.push(answer)
    }
    expect(answers.map(({ status }) => status)).toContain(429)
  })
})

describe('and by no other answer', () => {
  it.each([
    ['models', '/v1/models', {}, 200],
    ['its open jobs', '/v1/jobs', {}, 200],
    ['a job that is not there', `/v1/jobs/job_${randomUUID()}`, {}, 404],
    ['a body that is not valid', '/v1/chat/completions', { body: { model: CHAT } }, 400],
    ['a scope that is missing', '/v1/rerank', { body: { query: 'a', documents: ['b'] } }, 403],
    ['a path that nothing has', '/v1/nothing', {}, 404],
  ])('%s', async (_, path, request, status) => {
    const answer = await call(path, { token: await tokenOf('free'), ...request })
    expect(answer.status).toBe(status)
    expect(await headersOf(answer)).toEqual(ALWAYS)
  })

  it('the same answer again under an idempotency key, nor one to who reads usage too often', async () => {
    const token = await tokenOf('free')
    const again = { token, body: { model: EMBED, input: 'a' }, headers: { 'idempotency-key': randomUUID() } }
    const first = await call('/v1/embeddings', again)
    expect(await headersOf(first)).toEqual([...ALWAYS, ...LEFT])
    // The answer is kept by its settlement, which comes behind it.
    await usageEvents(first.headers.get('x-request-id') ?? '')
    expect(await headersOf(await call('/v1/embeddings', again))).toEqual(ALWAYS)
    const readings: Response[] = []
    // Of 122 in a row, 61 lie in one minute.
    for (let i = 0; i < 122 && readings.at(-1)?.status !== 429; i++)
      readings.push(await call('/v1/usage', { token }))
    const refused = readings.at(-1)
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused && (await headersOf(refused))).toEqual(ALWAYS)
  })

  it.each([
    ['whether the edge is up', '/healthz', {}, 200],
    ['a caller without a token', '/v1/chat/completions', { body: ask('Hi') }, 401],
    ['an origin that is not allowed', '/healthz', { headers: { origin: 'https://evil.example' } }, 403],
  ])('%s', async (_, path, request, status) => {
    const answer = await call(path, request)
    expect(answer.status).toBe(status)
    expect(await headersOf(answer)).toEqual(ALWAYS)
  })
})
