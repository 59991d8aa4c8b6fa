import { Hono } from 'hono'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { createIdentify } from '../../../edge/access/caller.ts'
import { createStoredPlan } from '../../../edge/access/stored-plan.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import type { KeepPrompt } from '../../../edge/guard/keep-prompt.ts'
import type { Credential } from '../../../edge/identity/principal.ts'
import type { JobStore } from '../../../edge/jobs/port.ts'
import { createJobSigner, type SignJob } from '../../../edge/jobs/sign.ts'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { createReadBody } from '../../../edge/parse/read-body.ts'
import { addRoutes } from '../../../edge/routes/add-routes.ts'
import type { Env } from '../../../edge/routes/env.ts'
import { jobRoutes } from '../../../edge/routes/jobs.ts'
import { errorResponse, TwohopError } from '../../../shared/errors.ts'
import { inputsHash, JobClaims } from '../../../shared/jobs/token.ts'
import { catalog, entitleBy, modelOf } from '../../fixtures/catalog.ts'
import { unreadLog } from '../../fixtures/log.ts'
import { principal } from '../../fixtures/principal.ts'
import { counters, describeEachRedis, ISSUED_AT } from '../budget/each-redis.ts'

const HOUR = 3_600_000
const HASH = 'a'.repeat(64)

const chat = (content: string) => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content }],
  max_tokens: 2,
})
const two = { endpoint: '/v1/chat/completions', inputs: [chat('a'), chat('bc')] }
const { request, item } = modelOf('twohop-chat').overhead
/** Bytes, what the model's template adds for the request and its message, and 4 for each of two tokens, of both inputs. */
const WORST = 1 + item + request + 8 + (2 + item + request + 8)

/** A bearer in these tests: `user:<name>` on the plan pro, `free:<name>` on the plan free, `key:<id>`. */
function credentialOf(header = ''): Credential {
  const [kind, name = ''] = header.replace('Bearer ', '').split(':')
  if (kind === 'key') return { issuer: 'key', id: name, secretHash: HASH }
  return principal({ subject: name, issuedAt: ISSUED_AT, plan: kind === 'free' ? 'free' : 'pro' })
}

describeEachRedis('/v1/jobs', (redis) => {
  let sign: SignJob
  beforeEach(() => redis.command('ZADD', 'twohop:jobs-served', 9e15, 'twohop-chat', 9e15, 'twohop-embed'))
  beforeAll(async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    sign = createJobSigner({ ...(await exportJWK(privateKey)), kid: 'k1' }, () => redis.clock.now)
  })

  const store = () =>
    createUpstashJobs({ ...redis.local(), timeoutMs: 20_000, clock: () => redis.clock.now, log: unreadLog })

  /** The routes as the app has them, on the set clock. */
  function api(
    changes: {
      store?: JobStore
      requestTimeoutMs?: number
      notify?: () => Promise<void>
      /** Takes what outlives the answer; by default each answer waits for it. */
      later?: (task: Promise<unknown>) => void
      keepPrompt?: KeepPrompt
      storeBytes?: number
    } = {},
  ) {
    const now = () => redis.clock.now
    const options = { ...redis.local(), timeoutMs: 20_000, clock: now }
    const entitle = entitleBy()
    const budget = redis.budget()
    const apiKeys = createUpstashApiKeys(options)
    const authenticate = async (c: { req: { header(name: string): string | undefined } }) =>
      credentialOf(c.req.header('authorization'))
    const identify = createIdentify({
      entitle,
      accounts: createUpstashAccounts(options),
      apiKeys,
      defaultPlan: () => catalog.default_plan,
      now,
    })
    const woken: unknown[] = []
    const background: Promise<unknown>[] = []
    const app = new Hono<Env>()
    app.use(async (c, next) => {
      c.set('requestId', crypto.randomUUID())
      c.set('readBody', createReadBody(c.req.raw, { most: 1_000_000, timeoutMs: 20_000 }))
      await next()
    })
    addRoutes(
      app,
      jobRoutes({
        jobs: {
          store: store(),
          sign,
          timeoutMs: 24 * HOUR,
          bodyBytes: 10_000,
          storeBytes: 10_000_000,
          ...changes,
        },
        authenticate,
        withStoredPlan: createStoredPlan({ entitle, planOf: budget.plan, now }).withStoredPlan,
        callerOf: async (c) => identify(await authenticate(c)),
        apiKeys,
        countAct: async () => {},
        budget,
        notify: changes.notify ?? (async () => {}),
        host: {
          wake: async (call) => {
            woken.push(call)
          },
        },
        requestTimeoutMs: changes.requestTimeoutMs ?? 120_000,
        keepPrompt: changes.keepPrompt,
        log: unreadLog,
        now,
      }),
    )
    app.onError((error, c) => errorResponse(error, c.var.requestId))
    async function ask(method: string, path = '', who = 'user:ada', body?: unknown, headers = {}) {
      const answer = await app.request(
        `/v1/jobs${path}`,
        {
          method,
          headers: { authorization: `Bearer ${who}`, 'content-type': 'application/json', ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
        { background: changes.later ?? ((task: Promise<unknown>) => background.push(task)) },
      )
      await Promise.all(background.splice(0))
      return answer
    }
    /** Status, then the job or the error's code and field. */
    async function told(...asked: Parameters<typeof ask>) {
      const answer = await ask(...asked)
      const body = (await answer.json()) as Record<string, unknown> & {
        error?: { code: string; param: string | null }
      }
      return { status: answer.status, headers: answer.headers, body, code: body.error?.code }
    }
    return { ask, told, woken }
  }
  const post = (told: ReturnType<typeof api>['told'], headers = {}, who?: string, body: unknown = two) =>
    told('POST', '', who, body, headers)

  it('keeps what a job asks behind its answer, which waits for no store, and has the platform wait', async () => {
    const kept = Promise.withResolvers<string>()
    const stored = Promise.withResolvers<void>()
    const tasks: Promise<unknown>[] = []
    const { told } = api({
      later: (task) => tasks.push(task),
      keepPrompt({ requestId, work }) {
        kept.resolve(`${requestId} ${JSON.stringify(work.request)}`)
        return stored.promise
      },
    })
    const { status, body } = await post(told)
    expect(status).toBe(202)
    expect(await kept.promise).toMatch(new RegExp(`^${body.id} \\{"inputs":\\[.*"content":"bc"`))
    const all = Promise.all(tasks).then(() => 'all')
    expect(await Promise.race([all, new Promise(setImmediate).then(() => 'some')])).toBe('some')
    stored.resolve()
    expect(await all).toBe('all')
  })

  it('takes a job in with 202, signed for its account, its inputs and its deadline, and wakes a host', async () => {
    const { told, woken } = api()
    const { status, headers, body } = await post(told)
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`)
    const seconds = redis.clock.now / 1000
    expect(body).toEqual({
      id: expect.stringMatching(/^job_[0-9a-f-]{36}$/),
      object: 'job',
      status: 'queued',
      endpoint: '/v1/chat/completions',
      model: 'twohop-chat',
      counts: { total: 2, done: 0, failed: 0 },
      created_at: seconds,
      deadline: seconds + 24 * 3600,
      usage: { prompt_tokens: 0, completion_tokens: 0 },
    })
    expect(woken).toEqual([
      { requestId: String(body.id).slice(4), account: 'firebase:demo:ada', model: 'twohop-chat' },
    ])
    expect(await counters(redis, 'day:2026-11-21', 'firebase:demo:ada')).toMatchObject({ held: WORST })

    const id = String(body.id)
    const texts = await redis.command<string[]>('HMGET', `twohop:job:${id}:inputs`, 0, 1)
    expect(texts.map((text) => JSON.parse(text))).toMatchObject([
      {
        body: { model: 'twohop-chat', max_tokens: 2, stream: false },
        prompt_tokens: 1 + item + request,
        output_tokens: 2,
      },
      {
        body: { messages: [{ role: 'user', content: 'bc' }] },
        prompt_tokens: 2 + item + request,
        output_tokens: 2,
      },
    ])
    const token = (await store().get(id))?.token ?? ''
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', kid: 'k1', typ: 'JWT' })
    expect(JobClaims.parse(decodeJwt(token))).toEqual({
      iss: 'twohop-edge',
      aud: 'twohop-host-jobs',
      iat: seconds,
      exp: seconds + 24 * 3600,
      jti: id,
      sub: 'firebase:demo:ada',
      model: 'twohop-chat',
      scope: 'chat',
      path: '/v1/chat/completions',
      inputs_sha256: await inputsHash(texts),
      deadline: redis.clock.now + 24 * HOUR,
      input_ms: 120_000,
      weight: 4,
    })
  })

  it('refuses what is wrong with the code, the field and no trace', async () => {
    const { told } = api()
    const inputs = [chat('a'), { ...chat('b'), stream: true }]
    const refused = await post(told, {}, undefined, { ...two, inputs })
    expect([refused.status, refused.body.error]).toMatchObject([400, { param: 'inputs[1].stream' }])
    const long = { ...two, inputs: Array.from({ length: 100 }, () => chat('"'.repeat(50))) }
    expect(await post(told, {}, undefined, long)).toMatchObject({ status: 413, code: 'body_too_large' })
    expect(await post(told, {}, 'key:none')).toMatchObject({ status: 401, code: 'key_invalid' })
    expect(await redis.command('KEYS', '*')).toEqual(['twohop:jobs-served'])
    // Nor is a key told from one that never was by whoever has not its secret, whatever else is wrong.
    const key = ['account', 'firebase:demo:ada', 'secret_hash', 'b'.repeat(64), 'plan', 'pro']
    await redis.command('HSET', 'twohop:key:k1', ...key, 'scopes', 'jobs chat', 'expires_at', 1e14)
    for (const who of ['key:none', 'key:k1'])
      expect(await post(told, {}, who, long), who).toMatchObject({ status: 401, code: 'key_invalid' })
  })

  it('has one open job of the plan free, says so, and lets its owner alone see and end it', async () => {
    const { told } = api()
    const first = await post(told, {}, 'free:eve')
    expect(await post(told, {}, 'free:eve')).toMatchObject({ status: 429, code: 'too_many_jobs' })
    const path = `/${first.body.id}`
    for (const [method, of] of [
      ['GET', path],
      ['GET', `${path}/events`],
      ['DELETE', path],
      ['GET', '/job_none'],
      ['GET', `${path}:inputs`],
      ['DELETE', '/firebase'],
    ] as const)
      expect(await told(method, of, 'user:ada'), `${method} ${of}`).toMatchObject({
        status: 404,
        code: 'not_found',
      })
    expect((await told('GET', '', 'user:ada')).body).toEqual({ object: 'list', data: [] })
    expect((await told('GET', '', 'free:eve')).body).toMatchObject({ data: [{ id: first.body.id }] })
    const cancelled = await told('DELETE', path, 'free:eve')
    expect(cancelled).toMatchObject({ status: 202, body: { status: 'cancelled', units: 0 } })
    expect((await told('DELETE', path, 'free:eve')).body).toEqual(cancelled.body)
    expect((await told('GET', '', 'free:eve')).body).toEqual({ object: 'list', data: [] })
    expect(await post(told, {}, 'free:eve')).toMatchObject({ status: 202 })
  })

  it('refuses jobs that no host takes, with nothing held, and calls hosts once in a while', async () => {
    await redis.command('DEL', 'twohop:jobs-served')
    const { told, woken } = api()
    const refused = await post(told)
    expect(refused).toMatchObject({ status: 503, code: 'jobs_not_served' })
    expect(refused.headers.get('retry-after')).toBe('10')
    for (let again = 0; again < 3; again++) await post(told)
    expect(woken).toEqual([expect.objectContaining({ account: 'firebase:demo:ada', model: 'twohop-chat' })])
    redis.clock.now += 5000
    await post(told)
    expect(woken).toHaveLength(2)
    expect(await redis.command('KEYS', '*')).toEqual([])
  })

  it('refuses a job that can never fit with its results, before anything is held', async () => {
    const { told } = api({ storeBytes: 1_000_000 })
    const input = Array.from({ length: 100 }, () => 'a')
    const inputs = Array.from({ length: 10 }, () => ({ model: 'twohop-embed', input }))
    const large = { endpoint: '/v1/embeddings', inputs }
    expect(await post(told, {}, undefined, large)).toMatchObject({ status: 413, code: 'job_too_large' })
    expect(await redis.command('KEYS', '*')).toEqual(['twohop:jobs-served'])
  })

  it('gives vectors as numbers, however they lie in the store', async () => {
    const { told } = api()
    const body = { model: 'twohop-embed', input: 'a' }
    const { id } = (await post(told, {}, undefined, { endpoint: '/v1/embeddings', body })).body
    const packed = { status: 200, body: { data: [{ index: 0, embedding: { f32: 'AACAPwAAAMA=' } }] } }
    await redis.command('HSET', `twohop:job:${id}:results`, 0, JSON.stringify(packed))
    expect((await told('GET', `/${id}`)).body.results).toEqual([
      { index: 0, status: 200, body: { data: [{ index: 0, embedding: [1, -2] }] } },
    ])
  })

  it('gives the job of an idempotency key as it is now, and refuses another body', async () => {
    const { told } = api()
    const key = { 'idempotency-key': 'order-7' }
    const first = await post(told, key)
    await redis.command('HSET', `twohop:job:${first.body.id}`, 'state', 'running', 'claim', 'h')
    const again = await post(told, key)
    expect([again.status, again.body.id, again.body.status]).toEqual([202, first.body.id, 'running'])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('location')).toBe(`/v1/jobs/${first.body.id}`)
    const other = { ...two, inputs: [chat('c')] }
    expect(await post(told, key, undefined, other)).toMatchObject({
      status: 409,
      code: 'idempotency_key_reused',
    })
    expect((await post(told, key, 'user:eve')).body.id).not.toBe(first.body.id)
    expect(await redis.command('ZCARD', 'twohop:jobs-open')).toBe(2)
  })

  it('gives the results there are, and once it has ended what it cost', async () => {
    const { told } = api()
    const id = (await post(told)).body.id
    const key = `twohop:job:${id}`
    const answer = { status: 200, body: { id: 'x', choices: [] } }
    const failure = { status: 400, body: { error: { code: 'context_length_exceeded' } } }
    await redis.command('HSET', `${key}:results`, 0, JSON.stringify(answer), 1, JSON.stringify(failure))
    await redis.command('HSET', key, 'state', 'running', 'claim', 'h', 'started_at', redis.clock.now)
    expect((await told('GET', `/${id}?limit=1`)).body).toMatchObject({
      status: 'running',
      results: [{ index: 0, ...answer }],
      has_more: true,
    })
    expect((await told('GET', `/${id}?after=0`)).body).toMatchObject({
      results: [{ index: 1, ...failure }],
      has_more: false,
    })
    expect(await told('GET', `/${id}?limit=0`)).toMatchObject({ status: 400, code: 'invalid_request' })
    const sums = ['done', 2, 'failed', 1, 'prompt_tokens', 15, 'output_tokens', 2]
    await redis.command('HSET', key, 'state', 'done', 'ended_at', redis.clock.now, ...sums)
    await redis.command('ZADD', 'twohop:jobs-ended', redis.clock.now, String(id))
    expect((await told('GET', `/${id}`)).body).toMatchObject({
      status: 'done',
      counts: { total: 2, done: 2, failed: 1 },
      usage: { prompt_tokens: 15, completion_tokens: 2 },
      units: 23,
    })
    expect(await counters(redis, 'day:2026-11-21', 'firebase:demo:ada')).toMatchObject({ used: 23, held: 0 })
    expect(await redis.command('EXISTS', 'twohop:jobs-ended')).toBe(0)
  })

  it('does not let its reader wait for whoever is told of a threshold', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const later: Promise<unknown>[] = []
    const { told } = api({ notify: () => promise, later: (task) => later.push(task) })
    const id = (await post(told)).body.id
    const key = `twohop:job:${id}`
    await redis.command('HSET', 'twohop:budget:firebase:demo:ada:day:2026-11-21', 'limit', 10)
    await redis.command('HSET', key, 'state', 'done', 'ended_at', redis.clock.now, 'prompt_tokens', 10)
    later.length = 0
    expect((await told('GET', `/${id}`)).body).toMatchObject({ status: 'done', units: 10 })
    expect(later).toHaveLength(1)
    resolve()
    await Promise.all(later)
  })

  it('lets the host of a running job know that it shall end', async () => {
    const { told, woken } = api()
    const id = (await post(told)).body.id
    await redis.command('HSET', `twohop:job:${id}`, 'state', 'running', 'claim', 'h')
    const answer = await told('DELETE', `/${id}`)
    expect(answer).toMatchObject({ status: 202, body: { status: 'running', cancelling: true } })
    expect(woken).toHaveLength(2)
  })

  it('streams the progress until the end', async () => {
    const { told, ask } = api()
    const id = (await post(told)).body.id
    await told('DELETE', `/${id}`)
    const answer = await ask('GET', `/${id}/events`)
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    expect((await answer.text()).split('\n\n')).toEqual([
      'event: progress\ndata: {"status":"cancelled","counts":{"total":2,"done":0,"failed":0}}',
      expect.stringMatching(/^event: end\ndata: .*"units":0/),
      '',
    ])
  })

  it('serves an API key that has both scopes', async () => {
    const { told } = api()
    const key = [
      'account',
      'firebase:demo:ada',
      'secret_hash',
      HASH,
      'plan',
      'pro',
      'expires_at',
      redis.clock.now + HOUR,
    ]
    await redis.command('HSET', 'twohop:key:k1', ...key, 'scopes', 'jobs embed')
    expect(await post(told, {}, 'key:k1')).toMatchObject({ status: 403, code: 'scope_missing' })
    await redis.command('HSET', 'twohop:key:k1', 'scopes', 'jobs chat')
    const made = await post(told, {}, 'key:k1')
    expect(made.status).toBe(202)
    expect((await told('GET', `/${made.body.id}`, 'key:k1')).status).toBe(200)
    await redis.command('HSET', 'twohop:key:k1', 'scopes', 'chat')
    expect(await told('GET', `/${made.body.id}`, 'key:k1')).toMatchObject({ code: 'scope_missing' })
  })

  /** A store that takes jobs in, and whose answer to that is lost. */
  function lossy(): JobStore {
    const kept = store()
    return {
      ...kept,
      enqueue: async (job) => {
        await kept.enqueue(job)
        throw new TwohopError('store_unavailable', 'away')
      },
    }
  }
  const away = { status: 503, code: 'store_unavailable' }

  it('leaves no job that its client was told is not there', async () => {
    expect(await post(api({ store: lossy() }).told)).toMatchObject(away)
    expect(await redis.command('ZCARD', 'twohop:jobs-open')).toBe(0)
    expect(await counters(redis, 'day:2026-11-21', 'firebase:demo:ada')).toMatchObject({ used: 0, held: 0 })
  })

  it('gives the job that its client was told is not there to whoever comes again with the key', async () => {
    const key = { 'idempotency-key': 'order-8' }
    expect(await post(api({ store: lossy() }).told, key)).toMatchObject(away)
    expect(await post(api().told, key)).toMatchObject({ status: 202, body: { status: 'queued' } })
    expect(await redis.command('ZCARD', 'twohop:jobs-open')).toBe(1)
    expect(await counters(redis, 'day:2026-11-21', 'firebase:demo:ada')).toMatchObject({
      used: 0,
      held: WORST,
    })
  })
})
