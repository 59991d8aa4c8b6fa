import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import type { Env } from '../../../../edge/routes/env.ts'
import { type TraceCallers, traceRequests } from '../../../../edge/routes/trace-requests.ts'
import { errorResponse, TwohopError } from '../../../../shared/errors.ts'
import { keyForm } from '../../../fixtures/api-key-form.ts'
import { keptSpans } from '../../../fixtures/kept-spans.ts'

const PARENT = `00-${'4b'.repeat(16)}-${'f0'.repeat(8)}-01`

/** An edge of four routes that traces its requests. */
function edge(callers: TraceCallers = 'nobody', flush?: () => Promise<void>) {
  const kept = keptSpans()
  const tasks: Promise<unknown>[] = []
  const settled = Promise.withResolvers<void>()
  const app = new Hono<Env>()
  app.use(traceRequests({ tracer: { ...kept.tracer, flush }, callers, keyForm }))
  app.use(async (c, next) => {
    c.set('requestId', 'r1')
    await next()
  })
  app.get('/v1/things/:id', (c) => c.text('a thing'))
  app.get('/streamed', (c) => {
    c.set('settled', settled.promise)
    return c.text('a stream')
  })
  app.get('/fails', () => {
    throw new RangeError('a secret')
  })
  app.get('/refuses', () => {
    throw new TwohopError('rate_limited', 'too many')
  })
  app.onError((error, c) => errorResponse(error, c.get('requestId')))
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.request(path, { headers, method }, { background: (task: Promise<unknown>) => void tasks.push(task) })
  return { ...kept, ask, tasks, settle: settled.resolve }
}

it('names a request by its route, never by its path, and notes how it was answered', async () => {
  const { ask, spans, tasks } = edge()
  await ask('/v1/things/somebody?key=secret')
  await Promise.all(tasks)
  expect(spans).toMatchObject([
    {
      ...{ name: 'GET /v1/things/:id', kind: 'server', parent: undefined, ended: true, failed: undefined },
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/v1/things/:id',
        'http.response.status_code': 200,
        'twohop.request_id': 'r1',
      },
    },
  ])
  expect(JSON.stringify(spans)).not.toMatch(/somebody|secret/)
})

it('a request for which there is no route is named by its method', async () => {
  const { ask, spans } = edge()
  await ask('/c4n4ry')
  expect(spans).toMatchObject([{ name: 'GET', attributes: { 'http.response.status_code': 404 } }])
  expect(JSON.stringify(spans)).not.toContain('c4n4ry')
})

it('a method that nobody knows is a text of the caller: it is in no trace', async () => {
  const { ask, spans } = edge()
  await ask('/v1/things/a', {}, 'C4N4RY')
  expect(spans).toMatchObject([{ name: 'HTTP', attributes: { 'http.request.method': '_OTHER' } }])
  expect(JSON.stringify(spans)).not.toContain('C4N4RY')
})

it('one that fails has failed, with its code; one that is refused has a code alone', async () => {
  const { ask, spans } = edge()
  await ask('/fails')
  await ask('/refuses')
  expect(spans.map(({ failed, attributes }) => [failed, attributes['error.type']])).toEqual([
    ['internal', undefined],
    [undefined, 'rate_limited'],
  ])
})

it('ends when the request is settled, and is then sent where the platform stands still afterwards', async () => {
  let flushed = 0
  const { ask, spans, tasks, settle } = edge('nobody', async () => void flushed++)
  const answer = await ask('/streamed')
  expect(await answer.text()).toBe('a stream')
  expect([spans[0]?.ended, flushed]).toEqual([false, 0])
  settle()
  await Promise.all(tasks)
  expect([spans[0]?.ended, flushed]).toEqual([true, 1])
})

it('answers as ever where tracing could not be begun', async () => {
  const app = new Hono<Env>()
  const tracer = Promise.resolve(undefined)
  app.use(traceRequests({ tracer, callers: 'everybody', keyForm }))
  app.get('/', (c) => c.text(String(c.get('span'))))
  expect(await (await app.request('/')).text()).toBe('undefined')
})

describe('TRACE_CALLERS', () => {
  /** The span whose trace is gone on with, for a request with these headers. */
  async function parent(callers: TraceCallers, headers: Record<string, string>) {
    const { ask, spans } = edge(callers)
    await ask('/v1/things/a', { traceparent: PARENT, ...headers })
    return spans[0]?.parent
  }
  const theirs = 'f0'.repeat(8)

  it('nobody: no trace is gone on with', async () => {
    const { key } = await keyForm.make()
    expect(await parent('nobody', { authorization: `Bearer ${key}` })).toBeUndefined()
  })

  it('everybody: each well-formed one is', async () => {
    expect(await parent('everybody', {})).toBe(theirs)
    expect(await parent('everybody', { traceparent: `${PARENT}, ${PARENT}` })).toBeUndefined()
  })

  it("keys: that of a caller with a key of this edge's, and nobody else's", async () => {
    const { key } = await keyForm.make()
    expect(await parent('keys', { authorization: `Bearer ${key}` })).toBe(theirs)
    expect(await parent('keys', { 'x-api-key': key })).toBe(theirs)
    const madeUp = `${key.slice(0, -6)}AAAAAA`
    for (const token of [madeUp, 'a.b.c', `${key}a`])
      expect(await parent('keys', { authorization: `Bearer ${token}` }), token).toBeUndefined()
    expect(await parent('keys', {})).toBeUndefined()
  })
})
