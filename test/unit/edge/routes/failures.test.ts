import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Env } from '../../../../edge/routes/env.ts'
import { addFailures, failingAsError } from '../../../../edge/routes/failures.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { readLog } from '../../../fixtures/log.ts'

/** An app with two routes that fail; what it answers, counts and logs. */
async function asked(path: string, init: RequestInit = {}) {
  const app = new Hono<Env>({ strict: false })
  const counted: string[] = []
  const { log, lines } = readLog()
  app.use(async (c, next) => {
    c.set('requestId', 'r1')
    await next()
  })
  app.use(failingAsError)
  app.get('/v1/throws', () => {
    throw 'a secret of the edge'
  })
  app.get('/v1/refuses', () => {
    throw new TwohopError('budget_exhausted', 'It is used up.')
  })
  app.get('/v1/breaks', () => {
    throw new Error('a secret of the edge')
  })
  addFailures(app, { log, countError: (code) => void counted.push(code) })
  const answer = await app.request(path, init)
  const { error } = (await answer.json()) as { error: { code: string; message: string } }
  return { status: answer.status, allow: answer.headers.get('allow'), error, counted, lines }
}

it('says of a path that is not there which it was, cut short', async () => {
  const { status, error, counted } = await asked(`/v1/${'x'.repeat(500)}`)
  expect([status, error.code, counted]).toEqual([404, 'not_found', ['not_found']])
  expect(error.message).toBe(`There is no GET /v1/${'x'.repeat(196)} here.`)
})

it('says which methods a path takes', async () => {
  const { status, allow, error } = await asked('/v1/refuses', { method: 'POST' })
  expect([status, allow, error.code]).toEqual([405, 'GET, HEAD, OPTIONS', 'method_not_allowed'])
})

it('a refusal is answered and counted, and is no line of the log', async () => {
  const { status, error, counted, lines } = await asked('/v1/refuses')
  expect([status, error.code, counted, lines]).toEqual([403, 'budget_exhausted', ['budget_exhausted'], []])
})

it('a fault is logged, and its words are for nobody else', async () => {
  const { status, error, counted, lines } = await asked('/v1/breaks')
  expect([status, error.code, counted]).toEqual([500, 'internal', ['internal']])
  expect(error.message).not.toContain('secret')
  expect(lines).toMatchObject([
    { level: 'error', event: 'answer_failed', request_id: 'r1', code: 'internal' },
  ])
})

it('so is what was thrown and is no error', async () => {
  const { status, error, lines } = await asked('/v1/throws')
  expect([status, error.code]).toEqual([500, 'internal'])
  expect(lines).toMatchObject([
    {
      ...{ level: 'error', event: 'answer_failed', request_id: 'r1' },
      fault: { cause: { class: 'string' } },
    },
  ])
  expect(JSON.stringify(lines)).not.toContain('secret')
})

it('a fault of a request whose client has gone is no error', async () => {
  const { lines } = await asked('/v1/breaks', { signal: AbortSignal.abort() })
  expect(lines).toMatchObject([{ level: 'info', event: 'client_gone' }])
})
