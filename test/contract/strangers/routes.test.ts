import { crc32 } from 'node:zlib'
import { generateKeyPair, SignJWT } from 'jose'
import { beforeEach, expect, it } from 'vitest'
import { READS_PER_MINUTE } from '../../../edge/access/read-rate.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { ROUTES, type Route } from '../../../edge/routes/table.ts'
import { keyForm } from '../../fixtures/api-key-form.ts'
import { keys, otherKeys, PROJECT } from '../../fixtures/signed-world.ts'
import { describeOneRedis } from '../budget/each-redis.ts'
import {
  type Route as Asked,
  accountOf,
  askEdge,
  type Edge,
  edgeOn,
  everything,
  minted,
  ORIGIN,
  publishedKeys,
  user,
} from './edge.ts'

// What whoever has no account here can make the edge do: every route of the built edge, asked by every kind of stranger.

const HOUR = 3_600_000
const DAY = 24 * HOUR

const issuer = publishedKeys()

/** A key of the right form whose sum anybody can compute. */
function madeUpKey(): string {
  const digits = Array.from({ length: 59 }, () => Math.floor(Math.random() * 36).toString(36)).join('')
  return `twohop_sk_${digits}${crc32(digits).toString(36).padStart(6, '0').slice(-6)}`
}

const forger = await generateKeyPair('RS256')

/** A token of the right issuer whose signature or key is not the issuer's. */
async function forged(kid: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ firebase: { sign_in_provider: 'password' }, auth_time: now, role: 'admin' })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(`https://securetoken.google.com/${PROJECT}`)
    .setAudience(PROJECT)
    .setSubject('root')
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(forger.privateKey)
}

const CHAT = { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }], max_tokens: 2 }
/** A good body for each route that has one, so that a stranger gets as far as a user would. */
const BODIES: Record<string, object> = {
  '/v1/chat/completions': CHAT,
  '/v1/messages': { ...CHAT },
  '/v1/messages/count_tokens': { model: CHAT.model, messages: CHAT.messages },
  '/v1/responses': { model: 'twohop-chat', input: 'hello', max_output_tokens: 2 },
  '/v1/completions': { model: 'twohop-chat', prompt: 'hello', max_tokens: 2 },
  // Who may call is asked before what the body is: this one is no form.
  '/v1/audio/transcriptions': { model: 'twohop-speech' },
  '/v1/embeddings': { model: 'twohop-embed', input: 'hello' },
  '/v1/rerank': { model: 'twohop-embed', query: 'q', documents: ['d'] },
  '/v1/tasks/:task': { inputs: 'hello' },
  '/v1/tasks/text-generation/v1/completions': { prompt: 'hello', max_tokens: 2 },
  '/v1/tasks/text-generation/v1/chat/completions': CHAT,
  '/v1/jobs': { endpoint: '/v1/chat/completions', body: CHAT },
  '/v1/feedback': { request_id: 'r1', score: 1 },
  '/v1/keys': { name: 'mine', scopes: ['chat'] },
  '/v1/admin/accounts/:account/suspend': { reason: 'none' },
  '/v1/admin/accounts/:account/restore': { reason: 'none' },
  '/v1/admin/accounts/:account/plan': { plan: 'pro' },
  '/v1/admin/accounts/:account/grant': { units: 1000 },
}
const PLACES: Record<string, string> = {
  ':task': 'text-classification',
  ':account': encodeURIComponent(accountOf('ada')),
}

const OPEN = new Set(
  Object.entries<Route>(ROUTES).flatMap(([name, { scope }]) => (scope === 'none' ? [name] : [])),
)

/** Every route that wants a credential, as it is asked. */
function routesOf({ app }: Edge) {
  const found = new Map<string, { method: string; path: string; body: object | undefined }>()
  for (const { method, path } of app.routes) {
    if (method === 'ALL' || OPEN.has(`${method} ${path}`)) continue
    const filled = path.replace(/:\w+/g, (name) => PLACES[name] ?? 'job_1').replace(/\/$/, '')
    const body = method === 'POST' ? BODIES[path.replace(/\/$/, '')] : undefined
    if (method === 'POST' && body === undefined) throw new Error(`the test has no body for ${path}`)
    found.set(`${method} ${path}`, { method, path: filled, body })
  }
  return [...found.values()]
}

describeOneRedis('a stranger', (redis) => {
  let edge: Edge
  let revoked: string
  let working: string

  const ask = async (route: Asked, headers?: Record<string, string>) =>
    (await askEdge(edge, route, headers)).status

  /** A store in use: a user who asked, an administrator who acted, a key that works and one that was revoked. */
  beforeEach(async () => {
    edge = edgeOn(redis.local(), issuer)
    const authorization = `Bearer ${await minted().mintFirebase(user('ada', 'admin'))}`
    const act = { actor: 'ada', action: 'key.create', target: 'k', reason: undefined, detail: {} }
    const apiKeys = createUpstashApiKeys({ ...redis.local(), timeoutMs: 20_000 })
    for (const secret of ['working', 'revoked']) {
      const { key, id, secretHash } = await keyForm.make()
      const account = accountOf('ada')
      const record = { id, secretHash, name: secret, scopes: ['chat', 'jobs', 'keys'], plan: 'pro' }
      await apiKeys.create({ ...record, expiresAt: Date.now() + DAY }, { account, issuedAt: 0 }, act)
      if (secret === 'working') working = key
      else {
        await apiKeys.revoke(id, { secretHash }, act)
        revoked = key
      }
    }
    await redis.command('ZADD', 'twohop:jobs-served', 9e15, 'twohop-chat')
    for (const route of routesOf(edge)) await ask(route, { authorization })
    // The edge of a stranger remembers nothing.
    edge = edgeOn(redis.local(), issuer)
    issuer.fetched = 0
  })

  const idempotent = (i: number) => (i % 2 === 0 ? { 'idempotency-key': `key-${i}` } : {})

  it.each<[string, () => Record<string, string> | Promise<Record<string, string>>]>([
    ['without a credential', () => ({})],
    ['with another scheme', () => ({ authorization: 'Basic YWRhOmFkYQ==' })],
    ['with no token', () => ({ authorization: 'Bearer x' })],
    ['with a token signed by another', async () => ({ authorization: `Bearer ${await forged('k')}` })],
    [
      'with a token of an unknown issuer',
      async () => ({
        authorization: `Bearer ${await minted().mintSupabase({ id: crypto.randomUUID(), email: 'e@example.com' })}`,
      }),
    ],
    [
      "with a token under the issuer's key id, signed by another",
      async () => ({ authorization: `Bearer ${await forged(keys.firebase.kid)}` }),
    ],
    [
      'with a token of another key set',
      async () => ({ authorization: `Bearer ${await minted(otherKeys).mintFirebase(user('eve', 'admin'))}` }),
    ],
    [
      'with a token that has expired',
      async () => ({
        authorization: `Bearer ${await minted(keys, 2 * HOUR).mintFirebase(user('ada', 'admin'))}`,
      }),
    ],
    [
      'with a token signed by another as an API key',
      async () => ({ 'x-api-key': await forged(keys.firebase.kid) }),
    ],
    [
      'with two tokens',
      async () => ({
        'x-api-key': await minted().mintFirebase(user('ada', 'admin')),
        authorization: `Bearer ${await forged(keys.firebase.kid)}`,
      }),
    ],
    ['with a key that he made up', () => ({ authorization: `Bearer ${madeUpKey()}` })],
    ['with a part of a key', () => ({ authorization: `Bearer ${revoked.slice(0, -1)}` })],
  ])('%s is refused everywhere, asks the store nothing and leaves nothing', async (_, headers) => {
    const [before, asked] = [await everything(redis), await redis.requests()]
    for (const [i, route] of routesOf(edge).entries()) {
      const status = await ask(route, { ...(await headers()), ...idempotent(i) })
      expect(status, `${route.method} ${route.path}`).toBe(401)
    }
    expect((await redis.requests()) - asked).toBe(0)
    expect(await everything(redis)).toEqual(before)
    // One download for all tokens, and one for all key ids that are not in it.
    expect(issuer.fetched).toBeLessThanOrEqual(2)
  })

  it('with keys that were made here and are in no store asks once of each, and leaves nothing', async () => {
    const [before, asked] = [await everything(redis), await redis.requests()]
    const routes = routesOf(edge)
    for (const [i, route] of routes.entries()) {
      const authorization = `Bearer ${(await keyForm.make()).key}`
      for (let again = 0; again < 3; again++) {
        const status = await ask(route, { authorization, ...idempotent(i) })
        expect(status, `${route.method} ${route.path}`).toBe(401)
      }
    }
    expect((await redis.requests()) - asked).toBe(routes.length)
    expect(await everything(redis)).toEqual(before)
  })

  it('with a key that was revoked asks once for all routes, and leaves nothing', async () => {
    const [before, asked] = [await everything(redis), await redis.requests()]
    for (const [i, route] of routesOf(edge).entries())
      expect(await ask(route, { authorization: `Bearer ${revoked}`, ...idempotent(i) })).toBe(401)
    expect((await redis.requests()) - asked).toBe(1)
    expect(await everything(redis)).toEqual(before)
  })

  it('whose address has presented 20 ended keys asks no more of others for a minute, but for keys that work', async () => {
    const usage = { method: 'GET', path: '/v1/usage' }
    const from = (key: string, address: string) =>
      askEdge(edge, usage, { authorization: `Bearer ${key}` }, address)
    expect((await from(working, '192.0.2.1')).status).toBe(200)
    const asked = await redis.requests()
    for (let i = 0; i < 20; i++)
      expect((await from((await keyForm.make()).key, '192.0.2.1')).status).toBe(401)
    expect((await redis.requests()) - asked).toBe(20)
    for (let i = 0; i < 20; i++)
      expect((await from((await keyForm.make()).key, '192.0.2.1')).status).toBe(429)
    expect((await redis.requests()) - asked).toBe(20)
    expect((await from(working, '192.0.2.1')).status).toBe(200)
    expect((await from((await keyForm.make()).key, '192.0.2.2')).status).toBe(401)
  })

  it('who comes too often is refused everywhere before anything else; who is known is not, from the same address', async () => {
    const address = '2001:db8::1'
    const from = async (route: Asked, headers?: Record<string, string>) =>
      (await askEdge(edge, route, headers, address)).status
    const models = { method: 'GET', path: '/v1/models' }
    const ada = { authorization: `Bearer ${await minted().mintFirebase(user('ada'))}` }
    const forgery = { authorization: `Bearer ${await forged(keys.firebase.kid)}` }
    // The next would be taken in a minute.
    edge = edgeOn(redis.local(), issuer, { STRANGERS_PER_MINUTE: '1' })
    const asked = await redis.requests()
    expect(await from(models, forgery)).toBe(401)
    for (const route of routesOf(edge)) {
      expect([route.path, await from(route)]).toEqual([route.path, 429])
      expect([route.path, await from(route, forgery)]).toEqual([route.path, 429])
    }
    const leaked = { method: 'POST', path: '/v1/keys/leaked', body: { key: revoked } }
    expect(await from(leaked)).toBe(429)
    expect((await redis.requests()) - asked).toBe(0)
    // A neighbour of the same network is refused as well, another is not; nor are a probe, and who is known.
    expect((await askEdge(edge, models, {}, '2001:db8::2')).status).toBe(429)
    expect((await askEdge(edge, models, {}, '2001:db8:0:1::1')).status).toBe(401)
    expect(await from({ method: 'GET', path: '/healthz' })).toBe(200)
    expect([await from(models, ada), await from(models, { authorization: `Bearer ${working}` })]).toEqual([
      200, 200,
    ])
  })

  it('who asks for what there is not, or before a request, or from elsewhere, asks the store nothing', async () => {
    const [before, asked] = [await everything(redis), await redis.requests()]
    const headers = { authorization: `Bearer ${revoked}`, 'idempotency-key': 'k' }
    for (const path of ['/', '/v2/models', '/v1/nothing', '/v1/keys/a/b', '/v1/admin', '/v1/tasks', '/.env'])
      for (const method of ['GET', 'POST', 'PUT', 'PATCH'])
        expect(await ask({ method, path, ...(method !== 'GET' && { body: {} }) }, headers)).toBe(404)
    for (const { path } of routesOf(edge)) {
      const preflight = { origin: ORIGIN, 'access-control-request-method': 'POST' }
      expect(await ask({ method: 'OPTIONS', path }, preflight)).toBe(204)
      expect(await ask({ method: 'PUT', path, body: {} }, headers)).toBe(405)
    }
    for (const route of routesOf(edge))
      expect(await ask(route, { ...headers, origin: 'https://evil.example' })).toBe(403)
    expect(await ask({ method: 'GET', path: '/healthz' }, headers)).toBe(200)
    expect((await redis.requests()) - asked).toBe(0)
    expect(await everything(redis)).toEqual(before)
    expect(issuer.fetched).toBe(0)
  })

  it('who reports keys that are none asks at most once of each, and leaves nothing', async () => {
    const [before, asked] = [await everything(redis), await redis.requests()]
    const report = (key: string, i = 0) =>
      ask({ method: 'POST', path: '/v1/keys/leaked', body: { key, source: 'there' } }, idempotent(i))
    for (let i = 0; i < 100; i++) expect(await report(madeUpKey(), i)).toBe(404)
    expect((await redis.requests()) - asked).toBe(0)
    const { key: unissued } = await keyForm.make()
    for (let i = 0; i < 10; i++) expect(await report(unissued, i)).toBe(404)
    expect((await redis.requests()) - asked).toBe(1)
    for (let i = 0; i < 10; i++) expect(await report(revoked, i)).toBe(200)
    expect((await redis.requests()) - asked).toBe(2)
    expect(await everything(redis)).toEqual(before)
  })

  it("has the issuer's keys fetched once in a while, however many key ids he thinks of", async () => {
    const tokens = await Promise.all(Array.from({ length: 30 }, (_, i) => forged(`made-up-${i}`)))
    const asked = await redis.requests()
    const answers = await Promise.all(
      tokens.map((token) => ask({ method: 'GET', path: '/v1/usage' }, { authorization: `Bearer ${token}` })),
    )
    expect(new Set(answers)).toEqual(new Set([401]))
    expect(issuer.fetched).toBeLessThanOrEqual(2)
    expect((await redis.requests()) - asked).toBe(0)
  })

  it.each([
    ['user', async () => minted().mintFirebase(user('bob', 'admin'))],
    ['API key', async () => working],
  ])(
    '%s who reads too often is refused on every route that is read, without a call of the store',
    async (_, bearer) => {
      const headers = { authorization: `Bearer ${await bearer()}` }
      const models = { method: 'GET', path: '/v1/models' }
      for (let n = 0; n < READS_PER_MINUTE; n++) expect(await ask(models, headers)).toBe(200)
      const before = await redis.requests()
      const reads = routesOf(edge).filter(({ method }) => method === 'GET')
      expect(reads.length).toBeGreaterThan(9)
      for (const route of reads)
        for (const method of ['GET', 'HEAD'])
          expect([route.path, await ask({ ...route, method }, headers)]).toEqual([route.path, 429])
      expect((await redis.requests()) - before).toBe(0)
      // What is no read goes on, and so does everybody else.
      expect(await ask({ method: 'DELETE', path: '/v1/keys/none' }, headers)).toBe(404)
      const eve = { authorization: `Bearer ${await minted().mintFirebase(user('eve'))}` }
      expect(await ask(models, eve)).toBe(200)
    },
  )
})
