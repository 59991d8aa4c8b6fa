import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { twohop } from '../../fixtures/twohop-command.ts'

const asked: { method: string; path: string; authorization: string | undefined; body: unknown }[] = []
let answer: { status: number; body: unknown }
/** Answers that come before that one. */
const first: Response[] = []
let server: Server
beforeAll(async () => {
  const app = new Hono().all('*', async (c) => {
    const { pathname, search } = new URL(c.req.url)
    const text = await c.req.text()
    const body = text ? JSON.parse(text) : undefined
    asked.push({
      method: c.req.method,
      path: pathname + search,
      authorization: c.req.header('authorization'),
      body,
    })
    return first.shift() ?? Response.json(answer.body, { status: answer.status })
  })
  const listening = Promise.withResolvers<void>()
  server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () => listening.resolve()) as Server
  await listening.promise
})
afterAll(() => {
  server.close()
  vi.unstubAllEnvs()
})
beforeEach(() => {
  asked.length = 0
  first.length = 0
  vi.stubEnv('TWOHOP_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  vi.stubEnv('TWOHOP_TOKEN', 'a-token')
})

const ACCOUNT = {
  object: 'account',
  id: 'firebase:p:u',
  status: 'suspended',
  plan: null,
  billing_day: 14,
  revoked_before: 1_795_000_000,
  extra: { units: 5, until: 1_795_000_060 },
  synced: 'failed',
}

const tooOften = (retryAfter: string) =>
  Response.json(
    { error: { code: 'rate_limited', message: 'Too often.' } },
    { status: 429, headers: { 'retry-after': retryAfter } },
  )

describe('a command that came too often', () => {
  it('waits as it is told where it reads, three times', async () => {
    answer = { status: 200, body: { data: [], next: null } }
    first.push(tooOften('0'), tooOften('0'), tooOften('0'))
    expect(await twohop('accounts', 'list')).toMatchObject({ code: 0 })
    expect(asked).toHaveLength(4)
    first.push(tooOften('0'), tooOften('0'), tooOften('0'), tooOften('0'))
    expect(await twohop('accounts', 'list')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Too often.'),
    })
  })

  it.each(['', 'soon', '-1', '61', '1e9'])('does not wait for "%s"', async (retryAfter) => {
    first.push(tooOften(retryAfter))
    expect(await twohop('accounts', 'list')).toMatchObject({ code: 1 })
    expect(asked).toHaveLength(1)
  })

  it('sends nothing twice that changes something', async () => {
    first.push(tooOften('0'))
    expect(await twohop('accounts', 'restore', 'firebase:p:u')).toMatchObject({ code: 1 })
    expect(asked).toHaveLength(1)
  })
})

describe('a command that asks the deployment', () => {
  it.each([
    [['accounts', 'show', 'firebase:p:a/b'], 'GET', '/v1/admin/accounts/firebase%3Ap%3Aa%2Fb', undefined],
    [
      ['accounts', 'suspend', 'firebase:p:u', '--reason', 'abuse'],
      'POST',
      '/v1/admin/accounts/firebase%3Ap%3Au/suspend',
      { reason: 'abuse' },
    ],
    [['accounts', 'restore', 'firebase:p:u'], 'POST', '/v1/admin/accounts/firebase%3Ap%3Au/restore', {}],
    [
      ['accounts', 'plan', 'firebase:p:u', 'pro', '--billing-day', '3'],
      'POST',
      '/v1/admin/accounts/firebase%3Ap%3Au/plan',
      { plan: 'pro', billing_day: 3 },
    ],
    [
      ['accounts', 'plan', 'firebase:p:u', 'default'],
      'POST',
      '/v1/admin/accounts/firebase%3Ap%3Au/plan',
      { plan: null },
    ],
    [
      ['accounts', 'grant', 'firebase:p:u', '500'],
      'POST',
      '/v1/admin/accounts/firebase%3Ap%3Au/grant',
      { units: 500, days: 30 },
    ],
  ])('%j asks with the token and the right body', async (words, method, path, body) => {
    answer = { status: 200, body: { ...ACCOUNT, synced: 'done' } }
    const { code, out } = await twohop(...words)
    expect(code).toBe(0)
    expect(asked).toEqual([{ method, path, authorization: 'Bearer a-token', body }])
    expect(out).toMatch(/^status +suspended$/m)
  })

  it('ends with 1 where the issuer could not be told, and shows what holds', async () => {
    answer = { status: 200, body: ACCOUNT }
    const { code, out, err } = await twohop('accounts', 'suspend', 'firebase:p:u', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual(ACCOUNT)
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not_synced' } })
  })

  it("tells the deployment's refusal by its code", async () => {
    answer = {
      status: 403,
      body: { error: { code: 'scope_missing', message: 'no\u001b[2J', type: 't', param: null } },
    }
    const { code, out, err } = await twohop('audit', '--json')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(JSON.parse(err)).toEqual({ error: { code: 'scope_missing', message: 'no?[2J' } })
    expect((await twohop('audit')).err).toBe('twohop: no?[2J\n')
  })

  it('names the field that the deployment refuses', async () => {
    const error = { code: 'invalid_request', message: 'Expected "chat".', type: 't', param: 'scopes[0]' }
    answer = { status: 400, body: { error } }
    expect(await twohop('keys', 'create', '--name', 'x', '--scope', 'y')).toMatchObject({
      code: 1,
      err: 'twohop: scopes[0]: Expected "chat".\n',
    })
  })

  it.each([
    ['an answer of somebody else', { status: 200, body: { hello: 1 } }],
    ['a failure of somebody else', { status: 502, body: 'Bad gateway' }],
  ])('takes %s for none', async (_, wrong) => {
    answer = wrong
    const { code, err } = await twohop('keys', 'list', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(err).error.code).toBe('bad_answer')
  })

  it('says when nobody answers', async () => {
    vi.stubEnv('TWOHOP_URL', 'http://127.0.0.1:9')
    const { code, err } = await twohop('keys', 'list', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(err).error.code).toBe('unreachable')
    expect(err).not.toContain('a-token')
  })

  it.each([
    ['TWOHOP_URL', ''],
    ['TWOHOP_TOKEN', ''],
    ['TWOHOP_URL', 'http://edge.example'],
    ['TWOHOP_URL', 'edge.example'],
    ['TWOHOP_URL', 'https://a:b@edge.example'],
    ['TWOHOP_URL', 'https://edge.example/?token=b'],
  ])('ends with 2, asking nobody, where %s is "%s"', async (name, text) => {
    vi.stubEnv(name, text)
    expect(await twohop('audit')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^twohop: .+\n(For the stack |$)/),
    })
    expect(asked).toEqual([])
  })

  it.each([
    [['accounts', 'suspend']],
    [['accounts', 'grant', 'a', '0']],
    [['accounts', 'grant', 'a', '5', '--days', '367']],
    [['accounts', 'plan', 'a']],
    [['accounts', 'show', 'a', 'b']],
    [['keys', 'create', '--name', 'x']],
    [['keys', 'create', '--scope', 'embed']],
    [['audit', '--most', '0']],
    [['accounts', 'remove', 'a']],
    [['accounts']],
  ])('ends with 2 on %j', async (words) => {
    const { code, out } = await twohop(...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(asked).toEqual([])
  })

  it('goes on page by page, and no further than asked', async () => {
    const entry = { id: '1-0', at: 5, actor: 'a', action: 'b', target: 'c\u0007', reason: null, detail: {} }
    answer = { status: 200, body: { data: [entry, entry], next: '1-0' } }
    const { out } = await twohop('audit', '--most', '4', '--target', 'c')
    expect(out.split('\n').filter((line) => line.includes('c?'))).toHaveLength(4)
    expect(asked.map(({ path }) => path)).toEqual([
      '/v1/admin/audit?limit=4&target=c',
      '/v1/admin/audit?limit=2&target=c&next=1-0',
    ])
  })

  it.each(['accounts list', 'audit'])('%s reads no list without an end', async (words) => {
    answer = { status: 200, body: { data: [], next: 'again' } }
    const { code, out, err } = await twohop(...words.split(' '))
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(' has no end: ')
    expect(asked).toHaveLength(2)
  })

  it('asks at the path of TWOHOP_URL', async () => {
    vi.stubEnv('TWOHOP_URL', `${process.env.TWOHOP_URL}functions/v1/edge`)
    answer = { status: 200, body: { data: [], next: null } }
    expect(await twohop('audit')).toMatchObject({ code: 0 })
    expect(asked.map(({ path }) => path)).toEqual(['/functions/v1/edge/v1/admin/audit?limit=100'])
  })
})
