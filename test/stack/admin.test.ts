import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { slowly } from '../fixtures/pace.ts'
import { resign } from '../fixtures/signed-world.ts'
import {
  ask,
  CHAT,
  call,
  EMBED,
  jobOver,
  keys,
  mint,
  newUser,
  ownUsage,
  redis,
  refusedAs,
  stack,
} from '../fixtures/stack/client.ts'

const admin = await newUser('roomy', { role: 'admin' })
const PROJECT = stack.issuers.firebase.projectId
const pathOf = (account: string) => `/v1/admin/accounts/${encodeURIComponent(account)}`
const act = (account: string, what: string, body: object = {}, token = admin.token) =>
  call(`${pathOf(account)}/${what}`, { token, body })
const embed = (token: string, edge?: string) =>
  call('/v1/embeddings', { token, body: { model: EMBED, input: 'hello' }, ...(edge ? { edge } : {}) })
type Entry = { action: string; actor: string; target: string; reason: string | null; detail: unknown }
const auditOf = async (target: string) => {
  const answer = await call(`/v1/admin/audit?target=${encodeURIComponent(target)}`, { token: admin.token })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { data: Entry[] }).data
}

describe('an administrator', () => {
  it('suspends an account: its token, still valid, is refused by every edge from the next request on', async () => {
    const { token, account } = await newUser('roomy')
    const edges = [stack.edge.url, inject('secondEdge')]
    for (const edge of edges) {
      expect((await embed(token, edge)).status).toBe(200)
      expect((await call('/v1/models', { token, edge })).status).toBe(200)
    }
    const answer = await act(account, 'suspend', { reason: 'abuse' })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ id: account, status: 'suspended', synced: 'not_configured' })
    for (const edge of edges) expect(await refusedAs(await embed(token, edge))).toBe('403 account_suspended')
    for (const path of ['/v1/models', '/v1/usage', '/v1/keys', '/v1/jobs', '/v1/admin/accounts'])
      for (const edge of edges)
        expect(await refusedAs(await call(path, { token, edge }))).toBe('403 account_suspended')
    expect(await auditOf(account)).toMatchObject([
      { action: 'account.suspend', actor: admin.account, target: account, reason: 'abuse' },
    ])
  })

  it('ends the jobs of an account that is suspended', async () => {
    const { token, account } = await newUser('roomy')
    const inputs = Array.from({ length: 200 }, (_, i) => ask(`Story ${i}`, { max_tokens: 64 }))
    const body = { endpoint: '/v1/chat/completions', inputs }
    await slowly(inject('pace'), async () => {
      const { id } = (await (await call('/v1/jobs', { token, body })).json()) as { id: string }
      expect(await (await act(account, 'suspend')).json()).toMatchObject({ cancelled_jobs: 1 })
      await jobOver(id)
      expect(await redis('HGET', `twohop:job:${id}`, 'state')).toBe('cancelled')
    })
  })

  it('restores it: who signs in anew is served, a token of before is not', async () => {
    const uid = `test-${randomUUID()}`
    const account = `firebase:${PROJECT}:${uid}`
    const user = {
      uid,
      email: `${uid}@example.com`,
      customClaims: { twohop: { plan: 'roomy', role: 'developer' } },
    }
    const before = await mint.mintFirebase(user)
    expect((await embed(before)).status).toBe(200)
    const made = await call('/v1/keys', { token: before, body: { name: 'ci', scopes: ['embed'] } })
    const { key } = (await made.json()) as { key: string }
    const { revoked_before } = (await (await act(account, 'suspend')).json()) as { revoked_before: number }
    // Of the same second, and of an issuer whose clock runs as far ahead as is allowed.
    const ahead = await resign(before, keys.firebase, { claims: { iat: revoked_before - 1 } })
    expect(await refusedAs(await embed(key))).toBe('403 account_suspended')
    expect(await (await act(account, 'restore')).json()).toMatchObject({ status: 'active', revoked_before })
    for (const token of [before, ahead]) {
      expect(await refusedAs(await embed(token))).toBe('401 token_revoked')
      expect(await refusedAs(await call('/v1/models', { token }))).toBe('401 token_revoked')
      expect(await refusedAs(await call('/v1/keys', { token }))).toBe('401 token_revoked')
    }
    expect((await embed(key)).status).toBe(200)
    // As if the suspension had been seven seconds ago.
    await redis('HINCRBY', `twohop:account:${account}`, 'revoked_before', -7)
    expect((await embed(await mint.mintFirebase(user))).status).toBe(200)
    expect((await auditOf(account)).map(({ action }) => action)).toEqual([
      'account.restore',
      'account.suspend',
    ])
  })

  it('puts an account on a plan and takes it off again, with effect on the next request', async () => {
    const { token, account } = await newUser('roomy')
    const classify = () => call('/v1/models', { token })
    expect((await classify()).status).toBe(200)
    expect(await (await act(account, 'plan', { plan: 'seven', billing_day: 14 })).json()).toMatchObject({
      plan: 'seven',
      billing_day: 14,
    })
    expect((await (await call('/v1/usage', { token })).json()) as object).toMatchObject({ plan: 'seven' })
    expect((await ownUsage(token)).units.day.limit).toBe(7000)
    expect(await (await act(account, 'plan', { plan: null })).json()).toMatchObject({
      plan: null,
      billing_day: 14,
    })
    expect((await (await call('/v1/usage', { token })).json()) as object).toMatchObject({ plan: 'roomy' })
    expect(await refusedAs(await act(account, 'plan', { plan: 'no-such' }))).toBe('400 invalid_request')
    expect((await auditOf(account)).map(({ detail }) => detail)).toEqual([
      { plan: null },
      { plan: 'seven', billing_day: 14 },
    ])
  })

  it('lifts refusals at once: what the plan lacked, and a budget that was spent', async () => {
    const poor = await newUser('free')
    const tasks = () =>
      call('/v1/tasks/text-classification', { token: poor.token, body: { inputs: 'hello' } })
    const longest = stack.catalog.plans.find((plan) => plan.id === 'roomy')?.limits.output_tokens_max
    const long = () =>
      call('/v1/chat/completions', { token: poor.token, body: ask('Hi', { max_tokens: longest }) })
    const job = () => {
      const inputs = Array.from({ length: 100 }, (_, i) => ask(`Hi ${i}`, { max_tokens: longest }))
      return call('/v1/jobs', { token: poor.token, body: { endpoint: '/v1/chat/completions', inputs } })
    }
    for (let i = 0; i < 2; i++) {
      expect(await refusedAs(await tasks())).toBe('403 scope_missing')
      expect(await refusedAs(await long())).toBe('400 invalid_request')
      expect(await refusedAs(await job())).toBe('400 invalid_request')
    }
    await act(poor.account, 'plan', { plan: 'roomy' })
    expect((await tasks()).status).toBe(200)
    expect((await long()).status).toBe(200)
    const taken = await job()
    expect(taken.status).toBe(202)
    const { id } = (await taken.json()) as { id: string }
    await call(`/v1/jobs/${id}`, { token: poor.token, method: 'DELETE' })
    await jobOver(id)
    await act(poor.account, 'plan', { plan: null })
    expect(await refusedAs(await tasks())).toBe('403 scope_missing')

    const { token, account } = await newUser('seven')
    expect((await embed(token)).status).toBe(200)
    const day = new Date().toISOString().slice(0, 10)
    await redis('HINCRBY', `twohop:budget:${account}:day:${day}`, 'used', 7000)
    for (let i = 0; i < 2; i++) expect(await refusedAs(await embed(token))).toBe('403 budget_exhausted')
    await act(account, 'grant', { units: 7000 })
    expect((await embed(token)).status).toBe(200)
    await redis('HINCRBY', `twohop:budget:${account}:day:${day}`, 'used', 7000)
    for (let i = 0; i < 2; i++) expect(await refusedAs(await embed(token))).toBe('403 budget_exhausted')
    await act(account, 'plan', { plan: 'roomy' })
    expect((await embed(token)).status).toBe(200)
  })

  it('grants extra units', async () => {
    const { token, account } = await newUser('seven')
    await act(account, 'grant', { units: 500, days: 1 })
    const answer = await act(account, 'grant', { units: 250, reason: 'sorry' })
    expect(await answer.json()).toMatchObject({ extra: { units: 750 } })
    expect((await ownUsage(token)).units.day.limit).toBe(7750)
    for (const body of [{ units: 0 }, { units: 1.5 }, { units: 1, days: 367 }, { units: 1, more: 1 }])
      expect(await refusedAs(await act(account, 'grant', body))).toBe('400 invalid_request')
  })

  it("sees an account's usage, suspended or not", async () => {
    const { token, account } = await newUser('seven')
    expect((await embed(token)).status).toBe(200)
    const { used } = (await ownUsage(token)).units.day
    await act(account, 'suspend')
    const answer = await call(`${pathOf(account)}/usage`, { token: admin.token })
    const usage = (await answer.json()) as { units: { day: object }; requests: object }
    expect(usage.requests).toEqual({ this_minute: expect.any(Number) })
    expect(usage.units.day).toMatchObject({ limit: 7000, used: expect.any(Number) })
    expect((usage.units.day as { used: number }).used).toBeGreaterThanOrEqual(used)
  })

  it('finds accounts by a part of their name', async () => {
    const { account } = await newUser('roomy')
    await act(account, 'grant', { units: 1 })
    const uid = account.split(':')[2] ?? ''
    const found = await call(`/v1/admin/accounts?search=${uid.slice(5, 30).toUpperCase()}`, {
      token: admin.token,
    })
    expect(await found.json()).toMatchObject({ object: 'list', data: [{ id: account, status: 'active' }] })
    const none = await call('/v1/admin/accounts?search=nobody-is-called-so', { token: admin.token })
    expect(await none.json()).toEqual({ object: 'list', data: [], next: null })
    const one = await call(pathOf(account), { token: admin.token })
    expect(await one.json()).toMatchObject({ id: account, extra: { units: 1 }, plan: null })
  })

  it('acts by an API key with the scope admin, which the log names', async () => {
    const made = await call('/v1/keys', { token: admin.token, body: { name: 'ops', scopes: ['admin'] } })
    const { key, id } = (await made.json()) as { key: string; id: string }
    const { account } = await newUser('roomy')
    expect((await act(account, 'suspend', {}, key)).status).toBe(200)
    expect(await auditOf(account)).toMatchObject([{ actor: admin.account, detail: { by_key: id } }])
    expect(await refusedAs(await embed(key))).toBe('403 scope_missing')
  })

  it('who would suspend himself, or what is no account, is refused', async () => {
    expect(await refusedAs(await act(admin.account, 'suspend'))).toBe('400 invalid_request')
    for (const name of [
      'ada',
      'firebase:x',
      'github:x:y',
      'supabase:abc.supabase.co:not-a-uuid',
      'firebase:other-project:u1',
    ])
      expect(await refusedAs(await act(name, 'suspend'))).toBe('400 invalid_request')
    expect(await refusedAs(await act(`firebase:${PROJECT}:a/b:c`, 'grant', { units: 0 }))).toBe(
      '400 invalid_request',
    )
    expect((await call(pathOf(`firebase:${PROJECT}:a/b:c`), { token: admin.token })).status).toBe(200)
  })
})

describe('an administrator of another issuer', () => {
  it('sees and changes nothing of these accounts: a staging project does not rule production', async () => {
    const { token, account } = await newUser('roomy')
    await act(account, 'grant', { units: 1, reason: 'theirs' })
    const id = randomUUID()
    const appMetadata = { twohop: { role: 'admin', plan: 'roomy' } }
    const other = await mint.mintSupabase({ id, email: 'ops@example.com', appMetadata })
    const made = await call('/v1/keys', { token: other, body: { name: 'ops', scopes: ['admin'] } })
    const { key } = (await made.json()) as { key: string }
    const uid = account.split(':')[2] ?? ''
    for (const by of [other, key]) {
      for (const what of ['suspend', 'restore', 'plan', 'grant'])
        expect(
          await refusedAs(await act(account, what, what === 'plan' ? { plan: 'pro' } : { units: 1 }, by)),
        ).toBe('403 account_not_administered')
      for (const path of [pathOf(account), `${pathOf(account)}/usage`])
        expect(await refusedAs(await call(path, { token: by }))).toBe('403 account_not_administered')
      const list = await call(`/v1/admin/accounts?search=${uid}`, { token: by })
      expect(await list.json()).toEqual({ object: 'list', data: [], next: null })
      const log = await call('/v1/admin/audit?limit=500', { token: by })
      expect(JSON.stringify(await log.json())).not.toContain(PROJECT)
    }
    expect((await embed(token)).status).toBe(200)
    expect(await auditOf(account)).toMatchObject([{ action: 'account.grant' }])
    const own = `supabase:${new URL(stack.issuers.supabase.url).host}:${randomUUID()}`
    expect((await act(own, 'suspend', {}, key)).status).toBe(200)
    expect(await refusedAs(await act(own, 'restore'))).toBe('403 account_not_administered')
  })
})

describe('everybody else', () => {
  const routes = [
    ['GET', '/v1/admin/accounts'],
    ['GET', '/v1/admin/accounts/firebase%3Ap%3Au'],
    ['GET', '/v1/admin/accounts/firebase%3Ap%3Au/usage'],
    ['GET', '/v1/admin/audit'],
    ...['suspend', 'restore', 'plan', 'grant'].map((what) => [
      'POST',
      `/v1/admin/accounts/firebase%3Apr%3Au/${what}`,
    ]),
  ] as [string, string][]

  it.each(routes)('may not %s %s', async (method, path) => {
    const body = method === 'POST' ? { body: {} } : {}
    const people = [
      await newUser('roomy'),
      await newUser('roomy', { role: 'developer' }),
      await newUser('roomy', { role: 'admin', scopes: ['embed'] }),
    ]
    for (const { token } of people)
      expect(await refusedAs(await call(path, { token, method, ...body }))).toBe('403 scope_missing')
    expect(await refusedAs(await call(path, { method, ...body }))).toBe('401 token_missing')
  })

  it('who was an administrator is none while suspended', async () => {
    const { token, account } = await newUser('roomy', { role: 'admin' })
    expect((await call('/v1/admin/audit', { token })).status).toBe(200)
    await act(account, 'suspend')
    expect(await refusedAs(await call('/v1/admin/audit', { token }))).toBe('403 account_suspended')
  })

  it('is not answered where the store is away: nothing is done that cannot be logged', async () => {
    const answer = await call(`${pathOf(admin.account)}/grant`, {
      token: admin.token,
      body: { units: 1 },
      edge: inject('storelessEdge'),
    })
    expect(await refusedAs(answer)).toBe('503 store_unavailable')
  })
})

it('a chat of a suspended account never reaches the host', async () => {
  const { token, account } = await newUser('roomy')
  await act(account, 'suspend')
  const answer = await call('/v1/chat/completions', { token, body: ask('hello', { max_tokens: 4 }) })
  expect(await refusedAs(answer)).toBe('403 account_suspended')
  expect(await redis('EXISTS', `twohop:budget:${account}:day:${new Date().toISOString().slice(0, 10)}`)).toBe(
    0,
  )
})

it('an administrator sees what the host does by model, and a host that nobody runs as away', async () => {
  const hosts = async (edge: string) =>
    (await (await call('/v1/admin/hosts', { token: admin.token, edge })).json()) as { data: unknown[] }
  const { data } = await hosts(stack.edge.url)
  const idle = { running: expect.any(Number), waiting: expect.any(Number), resident: true }
  expect(data).toEqual([
    {
      ...{ id: 'host', error: null },
      models: expect.arrayContaining(
        [CHAT, EMBED].map((model) => expect.objectContaining({ model, ...idle })),
      ),
    },
  ])
  expect((await hosts(inject('hostlessEdge'))).data).toEqual([
    { id: 'host', error: 'host_unavailable', models: [] },
  ])
})
