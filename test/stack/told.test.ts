import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { workerSettings } from '../../local/edge/settings.ts'
import { type Part, startPart } from '../../local/part.ts'
import { serviceKeys } from '../../local/service-keys.ts'
import { API_KEY_SECRET } from '../fixtures/api-key-form.ts'
import { startGoogle, startGoTrue } from '../fixtures/issuer-servers.ts'
import { call, eventually, newUser, stack } from '../fixtures/stack/client.ts'

const SERVICE_KEY = 'sb_secret_0123456789abcdef'
const WEBHOOK_SECRET = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`

const events: { type: string; data: Record<string, unknown> }[] = []
const receiver = createServer(async (request, response) => {
  events.push(JSON.parse((await request.toArray()).join('')))
  response.writeHead(204).end()
})
let google: Awaited<ReturnType<typeof startGoogle>>
let gotrue: Awaited<ReturnType<typeof startGoTrue>>
let edge: Part<{ url: string }>

/** An edge in workerd on the running stack's Redis, with administration of issuers and a webhook. */
beforeAll(async () => {
  google = await startGoogle(Date.now)
  gotrue = await startGoTrue(SERVICE_KEY)
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening))
  const { projectId, url: keysUrl } = stack.issuers.firebase
  const variables = {
    UPSTASH_REDIS_REST_URL: stack.redis.url,
    UPSTASH_REDIS_REST_TOKEN: stack.redis.token,
    HOST_URL: stack.host.url,
    SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify((await serviceKeys('test')).privateKey),
    API_KEY_SECRETS: API_KEY_SECRET,
    CATALOG: JSON.stringify(stack.catalog),
    FIREBASE_PROJECT_IDS: `${projectId},my-project`,
    FIREBASE_JWKS_URL: keysUrl,
    SUPABASE_URLS: gotrue.url,
    FIREBASE_ADMIN_URL: google.url,
    FIREBASE_SERVICE_ACCOUNTS: JSON.stringify([google.account]),
    SUPABASE_SERVICE_KEYS: JSON.stringify({ [gotrue.url]: SERVICE_KEY }),
    ADMINISTERS: JSON.stringify({
      [`firebase:${projectId}`]: ['firebase:my-project', `supabase:${new URL(gotrue.url).host}`],
    }),
    WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
    WEBHOOK_SECRET,
  }
  const module = join(inject('stackDir'), 'edge', 'workers.js')
  edge = await startPart(new URL('../../local/edge/main.ts', import.meta.url), {
    env: {
      EDGE_BUNDLE: JSON.stringify({ module, ...workerSettings() }),
      EDGE_PORT: '0',
      EDGE_VARIABLES: JSON.stringify(variables),
    },
  })
})
afterAll(async () => {
  await edge?.stop()
  google?.close()
  gotrue?.close()
  receiver.close()
})

async function act(account: string, what: string, body: object = {}) {
  const { token } = await newUser('roomy', { role: 'admin' })
  const path = `/v1/admin/accounts/${encodeURIComponent(account)}/${what}`
  const answer = await call(path, { token, body, edge: edge.ready.url })
  expect(answer.status).toBe(200)
  return (await answer.json()) as { synced: string; status: string; plan: string | null }
}

describe('in workerd', () => {
  it("a suspension, its end and a plan are written into Supabase's own records", async () => {
    const id = randomUUID()
    gotrue.users.set(id, { id, app_metadata: { provider: 'email' } })
    const account = `supabase:${new URL(gotrue.url).host}:${id}`
    expect(await act(account, 'suspend')).toMatchObject({ synced: 'done', status: 'suspended' })
    expect(gotrue.users.get(id)).toEqual({
      id,
      app_metadata: { provider: 'email', twohop: { status: 'suspended' } },
      ban_duration: '876000h',
    })
    expect(await act(account, 'restore')).toMatchObject({ synced: 'done', status: 'active' })
    expect(await act(account, 'plan', { plan: 'pro' })).toMatchObject({ synced: 'done', plan: 'pro' })
    expect(gotrue.users.get(id)).toEqual({ id, app_metadata: { provider: 'email', twohop: { plan: 'pro' } } })
  })

  it('what the issuer does not take holds here, and is said', async () => {
    const account = `supabase:${new URL(gotrue.url).host}:${randomUUID()}`
    expect(await act(account, 'suspend')).toMatchObject({ synced: 'failed', status: 'suspended' })
  })

  it("they are written into Firebase's, whose sessions end with the suspension", async () => {
    google.users.set('u1', { localId: 'u1', customAttributes: '{"team":7}' })
    expect(await act('firebase:my-project:u1', 'suspend')).toMatchObject({ synced: 'done' })
    const { customAttributes = '', validSince } = google.users.get('u1') ?? {}
    expect(JSON.parse(customAttributes)).toEqual({ team: 7, twohop: { status: 'suspended' } })
    expect(Math.abs(Number(validSince) - Date.now() / 1000)).toBeLessThan(60)
    expect(await act('firebase:my-project:u1', 'restore')).toMatchObject({ synced: 'done' })
    expect(google.users.get('u1')?.customAttributes).toBe('{"team":7}')
    expect(google.seen.tokens).toBe(1)
  })

  it('a leaked key is told to the webhook, after the answer', async () => {
    const { token, account } = await newUser('roomy', { role: 'developer' })
    const made = await call('/v1/keys', {
      token,
      body: { name: 'ci', scopes: ['embed'] },
      edge: edge.ready.url,
    })
    const { key, id } = (await made.json()) as { key: string; id: string }
    const report = await call('/v1/keys/leaked', { body: { key }, edge: edge.ready.url })
    expect(report.status).toBe(200)
    const event = await eventually(async () =>
      events.find(({ type, data }) => type === 'key.leaked' && data.id === id),
    )
    expect(event.data).toMatchObject({ account, id, name: 'ci', scopes: ['embed'] })
    expect(JSON.stringify(event)).not.toContain(key.slice(-49))
  })
})
