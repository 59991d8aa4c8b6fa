import { describe, expect, inject, it } from 'vitest'
import { FRAMINGS, type Framing, sendSlowly } from '../fixtures/slow-sender.ts'
import { newUser, ownUsage, stack } from '../fixtures/stack/client.ts'

const SUSPEND = `/v1/admin/accounts/firebase:${stack.issuers.firebase.projectId}:eve/suspend`
const READING = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/rerank',
  '/v1/tasks/text-classification',
  '/v1/jobs',
  '/v1/keys',
  SUSPEND,
]
const framings = Object.keys(FRAMINGS) as Framing[]
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
const { token } = await newUser('roomy', { role: 'admin' })
const { token: jobless } = await newUser('no-jobs')

// The stack's own edge waits half a minute for a body, longer than any test.
describe.each(framings)('a body that never ends, with %s, is not waited for', (framing) => {
  const to = (path: string, headers: Record<string, string> = {}, method = 'POST') =>
    sendSlowly(`${stack.edge.url}${path}`, { framing, headers, method })

  it.each(READING)('without a token at %s', async (path) => {
    expect(await to(path)).toEqual({ status: 401, code: 'token_missing' })
    expect(await to(path, bearer('no.such.token'))).toMatchObject({ status: 401 })
  })

  it.each([
    ['there is no such route', '/v1/nothing', 'POST', { status: 404, code: 'not_found' }],
    ['the route reads none', '/v1/chat/completions', 'DELETE', { status: 405, code: 'method_not_allowed' }],
    ['there is no such task', '/v1/tasks/nothing', 'POST', { status: 404, code: 'task_not_found' }],
  ])('where %s', async (_, path, method, answer) => {
    expect(await to(path, bearer(token), method)).toEqual(answer)
  })

  it('where the plan does not include it, the origin is not let in, or it is packed', async () => {
    expect(await to('/v1/jobs', bearer(jobless))).toEqual({ status: 403, code: 'scope_missing' })
    expect(await to(SUSPEND, bearer(jobless))).toEqual({
      status: 403,
      code: 'scope_missing',
    })
    expect(await to(READING[0] ?? '', { ...bearer(token), origin: 'https://evil.example' })).toEqual({
      status: 403,
      code: 'origin_not_allowed',
    })
    expect(await to(READING[0] ?? '', { ...bearer(token), 'content-encoding': 'gzip' })).toEqual({
      status: 415,
      code: 'unsupported_media_type',
    })
  })
})

it.each(framings)(
  'a body with %s that does not come in time is a 408 on every route, and holds nothing',
  async (framing) => {
    const to = (path: string, headers = {}) =>
      sendSlowly(`${inject('lenientEdge')}${path}`, { framing, headers })
    const answers = await Promise.all([
      ...READING.map((path) => to(path, bearer(token))),
      to('/v1/chat/completions', { ...bearer(token), 'idempotency-key': 'slow' }),
      to('/v1/jobs', { ...bearer(token), 'idempotency-key': 'slow' }),
      // The one body that is read of anybody.
      to('/v1/keys/leaked'),
    ])
    expect(answers).toEqual(answers.map(() => ({ status: 408, code: 'body_timeout' })))
    expect((await ownUsage(token)).units.month).toMatchObject({ used: 0, held: 0 })
  },
)
