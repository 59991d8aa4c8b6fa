import { type Handler, Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Env } from '../../../../edge/routes/env.ts'
import { aroundEveryRequest } from '../../../../edge/routes/every-request.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { catalog } from '../../../fixtures/catalog.ts'

const KNOWN = { authorization: 'Bearer x' }

/** What an app with one handler answers, and whom it counted as a stranger meanwhile. */
async function asked(
  handler: Handler<Env>,
  path = '/v1/models',
  init: RequestInit = { headers: KNOWN },
  address = 'here',
) {
  const counted: (string | undefined)[] = []
  const app = new Hono<Env>({ strict: false })
  app.use(
    aroundEveryRequest({
      catalog: () => catalog,
      strangers: {
        refuse(stranger) {
          if (stranger === 'loud') throw new TwohopError('rate_limited', 'Too many.')
        },
        count: async (stranger) => void counted.push(stranger),
      },
      keyMemory: { learn: () => {} },
      newRequestId: () => 'r1',
      bodyLimitBytes: 4,
      mediaBodyBytes: 8,
      jobs: { bodyBytes: 16 },
      bodyTimeoutMs: 60_000,
    }),
  )
  app.all('*', handler)
  app.onError((error, c) => c.text(error instanceof TwohopError ? error.code : error.message, 400))
  const tasks: Promise<unknown>[] = []
  const env = { background: (task: Promise<unknown>) => void tasks.push(task), address }
  const answer = await app.request(path, init, env)
  await Promise.all(tasks)
  return { answer, counted }
}

it('an answer says which request it is of, how long each part took, and what became of it', async () => {
  const { answer, counted } = await asked((c) => {
    c.set('version', 'v2')
    c.set('cache', 'miss')
    return c.text('here')
  })
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'x-request-id': 'r1',
    'x-model-version': 'v2',
    'x-cache': 'miss',
    'server-timing': expect.any(String),
  })
  expect(counted).toEqual([])
})

it("an answer that is given again keeps the first request's id, under both names where its API has two", async () => {
  const again: Handler<Env> = (c) => c.text('here', 200, { 'x-request-id': 'r0' })
  expect((await asked(again)).answer.headers.get('x-request-id')).toBe('r0')
  const { headers } = (await asked(again, '/v1/messages')).answer
  expect([headers.get('x-request-id'), headers.get('request-id')]).toEqual(['r0', 'r0'])
})

it('who is nobody is counted, and so is whose token is none', async () => {
  expect((await asked((c) => c.text('here'), '/v1/models', {})).counted).toEqual(['here'])
  const refused = await asked(() => {
    throw new TwohopError('token_malformed', 'It is no token.')
  })
  expect([await refused.answer.text(), refused.counted]).toEqual(['token_malformed', ['here']])
})

it('of a place that is loud nobody gets further, and who is known does', async () => {
  const refused = await asked((c) => c.text('here'), '/v1/models', {}, 'loud')
  expect(await refused.answer.text()).toBe('rate_limited')
  const known = await asked((c) => c.text('here'), '/v1/models', { headers: KNOWN }, 'loud')
  expect(await known.answer.text()).toBe('here')
})

it('what HEAD would answer is not left to a reader that never comes', async () => {
  let cancelled = false
  const body = new ReadableStream({
    cancel() {
      cancelled = true
    },
  })
  await asked(() => new Response(body), '/v1/models', { method: 'HEAD', headers: KNOWN })
  expect(cancelled).toBe(true)
})

it.each([
  ['/v1/models', 4],
  ['/v1/audio/transcriptions', 8],
  ['/v1/jobs/', 16],
])('the body of %s may have %i bytes', async (path, most) => {
  const read: Handler<Env> = async (c) => c.text(String((await c.get('readBody')()).length))
  const send = async (body: string) =>
    (await asked(read, path, { method: 'POST', headers: KNOWN, body })).answer.text()
  expect(await send('x'.repeat(most))).toBe(String(most))
  expect(await send('x'.repeat(most + 1))).toBe('body_too_large')
})
