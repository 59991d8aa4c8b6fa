import { describe, expect, it } from 'vitest'
import { ask, CHAT, call, EMBED, jobOver, newUser, refusal } from '../fixtures/stack/client.ts'

const { token } = await newUser('pro')
const JOB = { endpoint: '/v1/embeddings', body: { model: EMBED, input: 'a' } }

/** Headers that two answers to the same request need not share. */
const OWN = new Set([
  'x-request-id',
  'server-timing',
  'ratelimit',
  'date',
  'connection',
  'content-length',
  'transfer-encoding',
])
const shared = (answer: Response) => [...answer.headers].filter(([name]) => !OWN.has(name))

describe('HEAD', () => {
  it.each([
    '/v1/models',
    `/v1/models/${CHAT}`,
    '/v1/models/org/none',
    '/v1/usage',
    '/v1/jobs',
    '/v1/keys',
    '/healthz',
  ])('%s is answered as GET is, without a body', async (path) => {
    const [got, head] = [await call(path, { token }), await call(path, { token, method: 'HEAD' })]
    expect([head.status, await head.text()]).toEqual([got.status, ''])
    expect(shared(head)).toEqual(shared(got))
  })

  it('of a stream does not wait for its end', async () => {
    const job = await call('/v1/jobs', { token, body: JOB })
    const at = job.headers.get('location') ?? ''
    const head = await call(`${at}/events`, { token, method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(await head.text()).toBe('')
    await jobOver(at)
  })
})

describe('a slash at the end of a path', () => {
  it.each(['/v1/models', `/v1/models/${CHAT}`, '/v1/usage', '/v1/jobs', '/healthz'])(
    'says nothing: %s',
    async (path) => {
      expect(await (await call(`${path}/`, { token })).json()).toEqual(
        path === '/v1/usage'
          ? expect.objectContaining({ object: 'usage' })
          : await (await call(path, { token })).json(),
      )
    },
  )

  it('nor where a model answers', async () => {
    const answer = await call('/v1/chat/completions/', { token, body: ask('Hi', { max_tokens: 1 }) })
    expect(await answer.json()).toMatchObject({ object: 'chat.completion' })
  })
})

describe('405', () => {
  it.each([
    ['GET', '/v1/chat/completions', 'POST, OPTIONS'],
    ['HEAD', '/v1/embeddings', 'POST, OPTIONS'],
    ['GET', '/v1/tasks/fill-mask', 'POST, OPTIONS'],
    ['POST', '/v1/models', 'GET, HEAD, OPTIONS'],
    ['PUT', '/v1/models/org/name', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/v1/keys', 'GET, POST, HEAD, OPTIONS'],
    ['POST', '/v1/jobs/job_1', 'GET, DELETE, HEAD, OPTIONS'],
    ['DELETE', '/healthz/', 'GET, HEAD, OPTIONS'],
  ])('%s %s: Allow has %s', async (method, path, allow) => {
    const answer = await call(path, { token, method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    if (method !== 'HEAD') expect((await refusal(answer)).code).toBe('method_not_allowed')
  })

  it('not where there is no such path', async () => {
    for (const path of ['/v1/nothing', '/', '/v1/keys/a/b', '//v1/models'])
      for (const method of ['GET', 'PUT']) {
        const answer = await call(path, { token, method })
        expect([answer.status, answer.headers.get('allow')]).toEqual([404, null])
      }
  })
})
