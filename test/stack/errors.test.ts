import { SignJWT } from 'jose'
import { describe, expect, inject, it } from 'vitest'
import { deepBodies } from '../fixtures/attacks/deep-json.ts'
import {
  ask,
  CHAT,
  call,
  eventually,
  hostRuns,
  mint,
  newUser,
  ownUsage,
  redis,
  refusal,
  stack,
} from '../fixtures/stack/client.ts'
import { standingStill } from '../fixtures/standing-still.ts'
import { EXTENSION_ORIGIN, WEB_ORIGIN } from './running-stack.ts'
import { TASKS_SERVED } from './served.ts'

const chat = '/v1/chat/completions'
const hello = ask('What is Twohop?')

/** Sends a request that must be refused and checks that it cost nothing: no host call, nothing used or held. */
async function refused(answer: Promise<Response>) {
  const response = await answer
  const error = await refusal(response)
  expect(await hostRuns([response.headers.get('x-request-id') ?? ''])).toBe(0)
  const waits = response.headers.get('retry-after')
  expect(waits === null ? null : Number(waits) >= 1).toBe(
    [429, 503, 504].includes(error.status) ? true : null,
  )
  return error
}

describe('400', () => {
  it.each([
    ['{"model":', null],
    ['[]', null],
    [{ ...hello, messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ ...hello, max_tokens: 513 }, 'max_tokens'],
    [{ ...hello, tools: [{}] }, 'tools[0].type'],
  ])('invalid_request names the field: %o', async (body, param) => {
    const { token } = await newUser('pro')
    expect(await refused(call(chat, { token, body }))).toMatchObject({
      status: 400,
      code: 'invalid_request',
      param,
    })
    expect((await ownUsage(token)).units.month).toMatchObject({ used: 0, held: 0 })
  })

  it('context_length_exceeded is refunded in full', async () => {
    const { token } = await newUser('roomy')
    const context = stack.catalog.models.find((model) => model.id === CHAT)?.context ?? 0
    // Digits never merge, so each is a token of its own.
    const answer = await call(chat, { token, body: ask('7'.repeat(context + 1)) })
    expect(await refusal(answer)).toMatchObject({ status: 400, code: 'context_length_exceeded' })
    const { units } = await eventually(async () => {
      const usage = await ownUsage(token)
      return usage.units.month.held === 0 ? usage : undefined
    })
    expect(units.month.used).toBe(0)
  })
})

describe('401', () => {
  const iss = `https://securetoken.google.com/${stack.issuers.firebase.projectId}`
  const hs256 = (claims: Record<string, unknown>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'x' })
      .sign(new TextEncoder().encode('k'.repeat(32)))

  it.each<[string, () => Promise<string | undefined>]>([
    ['token_missing', async () => undefined],
    ['token_malformed', async () => 'not-a-token'],
    ['token_issuer_unknown', () => hs256({ iss: 'https://elsewhere.example', sub: 'x' })],
    ['token_algorithm_refused', () => hs256({ iss, sub: 'x' })],
  ])('%s', async (code, token) => {
    const value = await token()
    const answer = refused(call(chat, { body: hello, ...(value === undefined ? {} : { token: value }) }))
    expect(await answer).toMatchObject({ status: 401, code })
  })

  it('token_expired, token_signature_invalid', async () => {
    const { token } = await newUser('pro')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(atob(payload)), plan: 'roomy' })).toString(
      'base64url',
    )
    const wrong = refused(call(chat, { token: `${header}.${forged}.${signature}`, body: hello }))
    expect(await wrong).toMatchObject({ status: 401, code: 'token_signature_invalid' })
    const { createMint } = await import('../../local/issuer/mint.ts')
    const { openSigningKeys } = await import('../../local/issuer/jwks.ts')
    const yesterday = createMint({
      keys: await openSigningKeys(`${inject('stackDir')}/issuer`),
      projectId: stack.issuers.firebase.projectId,
      supabaseUrl: stack.issuers.supabase.url,
      ttlSeconds: 60,
      now: () => Date.now() - 86_400_000,
    })
    const old = await yesterday.mintFirebase({ uid: 'late', email: 'late@example.com' })
    expect(await refused(call(chat, { token: old, body: hello }))).toMatchObject({
      status: 401,
      code: 'token_expired',
    })
    const early = await yesterday.mintSupabase({ id: crypto.randomUUID(), email: 'late@example.com' })
    expect(await refused(call(chat, { token: early, body: hello }))).toMatchObject({
      status: 401,
      code: 'token_expired',
    })
  })
})

describe('403', () => {
  it.each(['firebase', 'supabase'] as const)('account_suspended (%s claims)', async (issuer) => {
    const token = stack.tokens[issuer].suspended
    expect(await refused(call(chat, { token, body: hello }))).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
  })

  it('account_suspended by the store takes effect on the next request of a valid token', async () => {
    const { token, account } = await newUser('pro')
    expect((await call(chat, { token, body: ask('Hi', { max_tokens: 1 }) })).status).toBe(200)
    await redis('HSET', `twohop:account:${account}`, 'status', 'suspended')
    expect(await refused(call(chat, { token, body: hello }))).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
  })

  it('anonymous_not_allowed, unless configuration gives them a plan', async () => {
    const firebase = await mint.mintFirebase({ uid: crypto.randomUUID() })
    const supabase = await mint.mintSupabase({ id: crypto.randomUUID() })
    for (const token of [firebase, supabase]) {
      expect(await refused(call(chat, { token, body: hello }))).toMatchObject({
        status: 403,
        code: 'anonymous_not_allowed',
      })
      const lenient = await call('/v1/usage', { token, edge: inject('lenientEdge') })
      expect(await lenient.json()).toMatchObject({ plan: 'free' })
    }
  })

  it('email_unverified', async () => {
    const firebase = await mint.mintFirebase({
      uid: crypto.randomUUID(),
      email: 'a@example.com',
      emailVerified: false,
    })
    expect(await refused(call(chat, { token: firebase, body: hello }))).toMatchObject({
      status: 403,
      code: 'email_unverified',
    })
    const supabase = await mint.mintSupabase({
      id: crypto.randomUUID(),
      email: 'a@example.com',
      userMetadata: { email_verified: true },
    })
    const strict = refused(call(chat, { token: supabase, body: hello, edge: inject('lenientEdge') }))
    expect(await strict).toMatchObject({ status: 403, code: 'email_unverified' })
  })

  it('plan_unknown', async () => {
    const { token } = await newUser('platinum')
    expect(await refused(call(chat, { token, body: hello }))).toMatchObject({
      status: 403,
      code: 'plan_unknown',
    })
  })

  it('gives nothing for what a user may edit: user_metadata is not read', async () => {
    const token = await mint.mintSupabase({
      id: crypto.randomUUID(),
      email: 'a@example.com',
      userMetadata: { role: 'admin', plan: 'pro', app_metadata: { plan: 'pro' } },
    })
    expect(await (await call('/v1/usage', { token })).json()).toMatchObject({ plan: 'free' })
  })

  it('model_not_allowed, scope_missing', async () => {
    const { token } = await newUser('free', { plan: 'free' })
    const body = { ...hello, model: stack.models.classify }
    // The classifier is no chat model for anybody, and the free plan has no scope for its own task.
    expect(await refused(call(chat, { token, body }))).toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    })
    const task = refused(call('/v1/tasks/text-classification', { token, body: { inputs: 'x' } }))
    expect(await task).toMatchObject({ status: 403, code: 'scope_missing' })
    const { token: narrow } = await newUser('pro', { scopes: ['embed'] })
    expect(await refused(call(chat, { token: narrow, body: hello }))).toMatchObject({
      status: 403,
      code: 'scope_missing',
    })
    const { token: poor } = await newUser('few-models')
    const model = refused(
      call('/v1/embeddings', { token: poor, body: { model: stack.models.embed, input: 'x' } }),
    )
    expect(await model).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' })
  })

  it('budget_exhausted when the worst case does not fit, and the headers say what is left', async () => {
    const { token } = await newUser('seven')
    const answer = call(chat, { token, body: ask('x'.repeat(1000), { max_tokens: 512 }) }).then(
      async (first) => {
        await first.text()
        return call(chat, { token, body: ask('x'.repeat(900), { max_tokens: 512 }) })
      },
    )
    const outcomes: string[] = []
    for (let i = 0; i < 8; i++) {
      const next = await call(chat, { token, body: ask('x'.repeat(900), { max_tokens: 512, stop: ['e'] }) })
      if (next.status === 200) await next.text()
      else {
        outcomes.push((await refusal(next)).code)
        expect(next.headers.get('ratelimit')).toMatch(/"units-month";r=\d+;t=\d+/)
      }
    }
    await answer
    expect(outcomes).toContain('budget_exhausted')
  })

  it('origin_not_allowed, and the allowed ones get CORS headers on errors too', async () => {
    const { token } = await newUser('pro')
    const evil = await call(chat, { token, body: hello, headers: { origin: 'https://evil.example' } })
    expect(evil.headers.get('access-control-allow-origin')).toBeNull()
    expect(evil.headers.get('vary')).toContain('Origin')
    expect(await refusal(evil)).toMatchObject({ status: 403, code: 'origin_not_allowed' })
    for (const origin of [WEB_ORIGIN, EXTENSION_ORIGIN]) {
      const answer = await call(chat, { body: hello, headers: { origin } })
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('vary')).toContain('Origin')
      expect(await refusal(answer)).toMatchObject({ status: 401, code: 'token_missing' })
    }
    const almost = await call(chat, { token, body: hello, headers: { origin: `${WEB_ORIGIN}.evil.example` } })
    expect((await refusal(almost)).code).toBe('origin_not_allowed')
  })

  it('preflight answers what the openai client sends', async () => {
    const preflight = await call(chat, {
      method: 'OPTIONS',
      headers: {
        origin: EXTENSION_ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(EXTENSION_ORIGIN)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-stainless-os')
  })
})

describe('JSON nested deeper than any request is', () => {
  it.each(deepBodies(hello))('is refused by %s, and everybody else goes on', async (path, body) => {
    const { token } = await newUser('pro')
    expect(await refused(call(path, { token, body }))).toMatchObject({ status: 400, code: 'invalid_request' })
    expect((await call(chat, { token, body: { ...hello, max_tokens: 1 } })).status).toBe(200)
  })
})

describe('404, 413, 415', () => {
  it('not_found, task_not_found (which lists what there is), model_not_found', async () => {
    const { token } = await newUser('pro')
    expect(await refused(call('/v1/nothing', { token }))).toMatchObject({ status: 404, code: 'not_found' })
    const task = await refused(call('/v1/tasks/text-to-video', { token, body: { inputs: 'x' } }))
    expect(task).toMatchObject({ status: 404, code: 'task_not_found' })
    for (const name of TASKS_SERVED) expect(task.message).toContain(name)
    const model = refused(call(chat, { token, body: { ...hello, model: 'gpt-9' } }))
    expect(await model).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    const nobody = refused(call('/v1/tasks/summarization', { token, body: { inputs: 'x' } }))
    expect(await nobody).toMatchObject({ status: 404, code: 'model_not_found' })
  })

  it('body_too_large, with and without a length', async () => {
    const { token } = await newUser('pro')
    const body = JSON.stringify(ask('x'.repeat(70_000)))
    expect(await refused(call(chat, { token, body }))).toMatchObject({ status: 413, code: 'body_too_large' })
    const chunked = fetch(`${stack.edge.url}${chat}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(await refused(chunked)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it('unsupported_media_type', async () => {
    const { token } = await newUser('pro')
    const answer = call(chat, { token, body: 'messages=hi', headers: { 'content-type': 'text/plain' } })
    expect(await refused(answer)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })
})

describe('429', () => {
  it('rate_limited says when to come back', async () => {
    const { token } = await newUser('two-a-minute')
    const body = ask('Hi', { max_tokens: 1 })
    const codes: string[] = []
    // Three in a row may straddle a minute; of six, three lie in one.
    for (let i = 0; i < 6; i++) {
      const answer = await call(chat, { token, body })
      if (answer.status === 200) await answer.text()
      else {
        codes.push((await refusal(answer)).code)
        expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60)
        expect(answer.headers.get('ratelimit')).toMatch(/"requests";r=0;t=\d+/)
      }
    }
    expect(codes.length).toBeGreaterThanOrEqual(2)
    expect(new Set(codes)).toEqual(new Set(['rate_limited']))
  })

  it('too_many_concurrent while another is under way, and not after', async () => {
    const { token } = await newUser('one-at-a-time')
    const { underWay } = await standingStill(stack.host.pid, async () => {
      const first = call(chat, { token, body: ask('What is Twohop?', { max_tokens: 4 }) })
      await eventually(async () => ((await ownUsage(token)).concurrent.running === 1 ? true : undefined))
      const second = refused(call(chat, { token, body: hello }))
      expect(await second).toMatchObject({ status: 429, code: 'too_many_concurrent' })
      return { underWay: first }
    })
    expect((await underWay).status).toBe(200)
    await eventually(async () => ((await ownUsage(token)).concurrent.running === 0 ? true : undefined))
    expect((await call(chat, { token, body: ask('Hi', { max_tokens: 1 }) })).status).toBe(200)
  })
})

describe('503', () => {
  it('host_unavailable refunds everything', async () => {
    const { token } = await newUser('pro')
    const answer = call(chat, { token, body: hello, edge: inject('hostlessEdge') })
    expect(await refused(answer)).toMatchObject({ status: 503, code: 'host_unavailable' })
    const { units, concurrent } = await eventually(async () => {
      const usage = await ownUsage(token)
      return usage.units.month.held === 0 ? usage : undefined
    })
    expect([units.month.used, concurrent.running]).toEqual([0, 0])
  })

  it('not_configured is the answer to everything, by the names of the variables', async () => {
    const edge = inject('unsetEdge')
    const { token } = await newUser('pro')
    for (const path of ['/healthz', '/v1/models', '/no-such-route']) {
      const answer = await call(path, { token, edge })
      const retry = answer.headers.get('retry-after')
      expect([await refusal(answer), retry]).toEqual([
        {
          ...{ status: 503, code: 'not_configured', param: null },
          message:
            'This service is not configured yet. Its operator must look at UPSTASH_REDIS_REST_TOKEN, HOST_URL.',
        },
        '60',
      ])
    }
  })

  it('store_unavailable admits nobody', async () => {
    const { token } = await newUser('pro')
    const edge = inject('storelessEdge')
    expect(await refused(call(chat, { token, body: hello, edge }))).toMatchObject({
      status: 503,
      code: 'store_unavailable',
    })
    expect(await refused(call('/v1/usage', { token, edge }))).toMatchObject({
      status: 503,
      code: 'store_unavailable',
    })
  })
})
