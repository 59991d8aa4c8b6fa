import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createReach } from '../../../edge/admin/target.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { createUpstashAudit } from '../../../edge/audit/upstash.ts'
import { createWebhook, createWebhookSigner } from '../../../edge/notify/webhook.ts'
import { createReadBody } from '../../../edge/parse/read-body.ts'
import { addRoutes } from '../../../edge/routes/add-routes.ts'
import { apiKeyRoutes } from '../../../edge/routes/api-keys.ts'
import type { Env } from '../../../edge/routes/env.ts'
import { errorResponse } from '../../../shared/errors.ts'
import { keyForm } from '../../fixtures/api-key-form.ts'
import { unreadLog } from '../../fixtures/log.ts'
import { describeEachRedis } from '../budget/each-redis.ts'

const SECRET = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
const received: { headers: IncomingHttpHeaders; body: string }[] = []
let receiver: Server
beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    received.push({ headers: request.headers, body })
    response.writeHead(204).end()
  })
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening))
})
afterAll(() => {
  receiver.close()
})

describeEachRedis('a report of a leaked key', (redis) => {
  /** The routes with a real webhook, and one key that leaks. */
  async function leaking() {
    received.length = 0
    const options = { ...redis.local(), timeoutMs: 20_000 }
    const apiKeys = createUpstashApiKeys(options)
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
    const background: Promise<unknown>[] = []
    const app = new Hono<Env>()
    app.use(async (c, next) => {
      c.set('readBody', createReadBody(c.req.raw, { most: 10_000, timeoutMs: 20_000 }))
      await next()
    })
    addRoutes(
      app,
      apiKeyRoutes({
        callerOf: () => Promise.reject(new Error('nobody is asked who he is')),
        apiKeys,
        countAct: () => Promise.reject(new Error('nobody is counted')),
        once: () => Promise.reject(new Error('nothing is kept')),
        tell: createWebhook({ url, secret: SECRET, fetch, now: Date.now, log: unreadLog }),
        now: Date.now,
        keyForm,
      }),
    )
    app.onError((error) => errorResponse(error, 'r1'))
    const { key, id, secretHash } = await keyForm.make()
    const act = { actor: 'firebase:ada', action: 'key.create', target: id, reason: undefined, detail: {} }
    const ada = { account: 'firebase:ada', issuedAt: 0 }
    const record = {
      name: 'my server',
      scopes: ['embed'],
      plan: undefined,
      expiresAt: Date.now() + 86_400_000,
    }
    await apiKeys.create({ ...record, id, secretHash }, ada, act)
    const parent = { key: id, secretHash, scope: '' }
    await apiKeys.create({ ...record, id: 'child', secretHash }, parent, { ...act, target: 'child' })
    const report = async (body: object, headers: Record<string, string> = {}) => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }
      const answer = await app.request('/v1/keys/leaked', init, {
        background: (task: Promise<unknown>) => void background.push(task),
      })
      await Promise.all(background.splice(0))
      return answer
    }
    return { key, id, report, apiKeys }
  }

  it('ends it and what it made, and tells the owner once, without the key', async () => {
    const { key, id, report, apiKeys } = await leaking()
    const answers = await Promise.all(
      [1, 2, 3].map(() => report({ key, source: 'https://example.com/paste' })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await apiKeys.get(id))?.revoked).toBe(true)
    expect((await apiKeys.get('child'))?.revoked).toBe(true)
    expect(received).toHaveLength(1)
    const [{ headers, body } = { headers: {}, body: '' }] = received
    expect(JSON.parse(body)).toMatchObject({
      type: 'key.leaked',
      data: {
        account: 'firebase:ada',
        id,
        prefix: `twohop_sk_${id}`,
        name: 'my server',
        scopes: ['embed'],
        also_revoked: ['child'],
        source: 'https://example.com/paste',
      },
    })
    expect(body).not.toContain(key.slice(-49, -6))
    const [webhookId, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])]
    expect(webhookId).toBe(`key_leaked_${id}`)
    expect(headers['webhook-signature']).toBe(await createWebhookSigner(SECRET)(webhookId, timestamp, body))
    const log = JSON.stringify(await redis.command('XRANGE', 'twohop:audit', '-', '+'))
    expect(log).toContain('key.leaked')
    expect(log).not.toContain(key.slice(-49, -6))
    const { entries } = await createUpstashAudit({ ...redis.local(), timeoutMs: 20_000 }).list({ most: 10 })
    expect(entries.filter(({ action }) => action === 'key.leaked')).toMatchObject([
      {
        actor: 'leak report',
        target: id,
        detail: { account: 'firebase:ada', source: 'https://example.com/paste' },
      },
    ])
  })

  /** The newest row of the audit log, once a key of the account has leaked and was reported without a source. */
  async function rowsOfLeak(account: string) {
    const apiKeys = createUpstashApiKeys({ ...redis.local(), timeoutMs: 20_000 })
    const act = { actor: 'a', action: 'key.create', target: 'k1', reason: undefined, detail: {} }
    const fresh = { name: 'n', scopes: [], plan: undefined, expiresAt: Date.now() + 86_400_000 }
    await apiKeys.create({ ...fresh, id: 'k1', secretHash: 'a' }, { account, issuedAt: 0 }, act)
    await apiKeys.revoke('k1', { secretHash: 'a' }, { ...act, actor: 'leak report', action: 'key.leaked' })
    const { entries } = await createUpstashAudit({ ...redis.local(), timeoutMs: 20_000 }).list({ most: 1 })
    return entries
  }

  it('without a source names whose key it was, whatever is in the name', async () => {
    const account = 'firebase:p:"\\ \u0000\n\u007fé🔑'
    const entries = await rowsOfLeak(account)
    expect(entries).toMatchObject([{ action: 'key.leaked', detail: { account } }])
  })

  it('is seen by who administers the account, and by no other administrator', async () => {
    const account = 'firebase:demo:ada'
    const entries = await rowsOfLeak(account)
    const issuers = ['firebase:demo', 'firebase:other']
    const reach = createReach(new Map(issuers.map((issuer) => [issuer, new Set([issuer])])))
    const seen = (by: string) => entries.map((entry) => reach.sees(by, entry))
    expect([seen('firebase:demo:boss'), seen('firebase:other:boss')]).toEqual([[true], [false]])
  })

  it('of what is no key asks no store', async () => {
    const { key, report } = await leaking()
    const before = await redis.requests()
    for (const wrong of [`${key}x`, key.slice(1), 'twohop_sk_', ''])
      expect((await report({ key: wrong })).status).toBe(404)
    expect((await redis.requests()) - before).toBe(0)
    expect((await report({ key: 5 })).status).toBe(400)
  })

  it('of a key that never was changes nothing and tells nobody', async () => {
    const { report } = await leaking()
    const { key } = await keyForm.make()
    const names = async () => (await redis.command<string[]>('KEYS', '*')).toSorted()
    const [before, asked] = [await names(), await redis.requests()]
    for (let i = 0; i < 5; i++)
      expect((await report({ key }, { 'idempotency-key': `again-${i}` })).status).toBe(404)
    expect((await redis.requests()) - asked).toBe(1)
    expect(received).toHaveLength(0)
    expect(await redis.command('XLEN', 'twohop:audit')).toBe(2)
    expect(await names()).toEqual(before)
  })

  it('that is true is heard after any number of false ones', async () => {
    const { key, id, report, apiKeys } = await leaking()
    const madeUp = (i: number) => `twohop_sk_${String(i).padStart(65, '0')}`
    const false_ = Array.from({ length: 100 }, async (_, i) =>
      i % 2 === 0 ? report({ key: madeUp(i) }) : report({ key: (await keyForm.make()).key }),
    )
    for (const { status } of await Promise.all(false_)) expect(status).toBe(404)
    expect((await report({ key })).status).toBe(200)
    expect((await apiKeys.get(id))?.revoked).toBe(true)
  })

  it('of a key that has ended asks the store once', async () => {
    const { key, report } = await leaking()
    await report({ key })
    const before = await redis.requests()
    for (let i = 0; i < 5; i++) {
      const again = await report({ key })
      expect([again.status, await again.json()]).toMatchObject([200, { revoked: true }])
    }
    expect((await redis.requests()) - before).toBe(0)
    expect(received).toHaveLength(1)
  })
})
