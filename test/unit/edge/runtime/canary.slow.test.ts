import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type AppOptions, createApp } from '../../../../edge/app.ts'
import { createEdge } from '../../../../edge/runtime/edge.ts'
import { EDGE_VARIABLES } from '../../../../edge/runtime/variables.ts'
import { createMint } from '../../../../local/issuer/mint.ts'
import { type LocalRedis, startRedis } from '../../../../local/redis/start.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { keptSpans } from '../../../fixtures/kept-spans.ts'
import { readLog } from '../../../fixtures/log.ts'
import { keys, PROJECT } from '../../../fixtures/signed-world.ts'

// The edge as it is built, before parts that fail and say secrets while they do. Whatever any line of its log and any span
// holds must be none of them.

/** In every text that must not be seen; tokens and keys, which hold none, are listed below. */
const CANARY = 'c4n4ry'
const USER = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
const UID = `${CANARY}-uid`

type Reply = (request: IncomingMessage, response: ServerResponse) => void
type Part = { url: string; reply: Reply; stop: () => void }

const saying =
  (status: number): Reply =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', 'x-secret': CANARY })
      .end(JSON.stringify({ error: { code: CANARY, message: `${CANARY}\n    at ${CANARY} (a.ts:1:2)` } }))
const hangingUp: Reply = (request) => void request.socket.destroy()

/** A server on loopback whose answer a test sets. */
async function part(reply: Reply): Promise<Part> {
  const server = createServer((request, response) => made.reply(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  const made = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, reply, stop }
  return made
}

let redis: LocalRedis
let dir: string
let parts: Record<'redis' | 'host' | 'issuer' | 'gotrue' | 'ledger' | 'hook', Part>
let variables: Record<string, string>
let edge: ReturnType<typeof createEdge>
const lines: string[] = []
const secrets: string[] = [CANARY]
const tasks: Promise<unknown>[] = []
let traces: ReturnType<typeof keptSpans>

function startEdge() {
  traces = keptSpans()
  return createEdge(variables, (line) => lines.push(line), { tracer: traces.tracer })
}

/** Redis as it is, under another token. */
const working: Reply = async (request, response) => {
  const body = (await request.toArray()).join('')
  const headers = { authorization: `Bearer ${redis.token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${redis.url}${request.url}`, { method: 'POST', headers, body })
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  redis = await startRedis({ dir, prefer: 'embedded' })
  const names = ['redis', 'host', 'issuer', 'gotrue', 'ledger', 'hook'] as const
  const started = await Promise.all(names.map((name) => part(name === 'hook' ? saying(410) : saying(500))))
  parts = Object.fromEntries(names.map((name, i) => [name, started[i]])) as typeof parts
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k1' }
  const hookSecret = btoa(`${CANARY} and enough bytes of it`)
  variables = {
    UPSTASH_REDIS_REST_URL: parts.redis.url,
    UPSTASH_REDIS_REST_TOKEN: `${CANARY}-redis`,
    REDIS_TIMEOUT_MS: '20000',
    HOST_URL: parts.host.url,
    HOST_HEADERS: JSON.stringify({ 'x-door': `${CANARY}-door` }),
    SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify(jwk),
    API_KEY_SECRETS: `${CANARY}-and-more-than-thirty-two-characters`,
    FIREBASE_PROJECT_IDS: PROJECT,
    FIREBASE_JWKS_URL: `${parts.issuer.url}/jwks?key=${CANARY}`,
    SUPABASE_URLS: parts.gotrue.url,
    ADMINISTERS: JSON.stringify({ [`firebase:${PROJECT}`]: [`supabase:${new URL(parts.gotrue.url).host}`] }),
    SUPABASE_JWT_SECRETS: JSON.stringify({ [parts.gotrue.url]: `${CANARY}-and-more-than-thirty-two-bytes` }),
    SUPABASE_SERVICE_KEYS: JSON.stringify({ [parts.gotrue.url]: `${CANARY}-service-key-of-project` }),
    LEDGER_SUPABASE_URL: parts.ledger.url,
    LEDGER_SUPABASE_KEY: `${CANARY}-ledger`,
    WEBHOOK_URL: `${parts.hook.url}/${CANARY}?token=${CANARY}`,
    WEBHOOK_SECRET: `whsec_${hookSecret}`,
  }
  secrets.push(String(jwk.d), hookSecret)
})
afterAll(async () => {
  for (const { stop } of Object.values(parts)) stop()
  await redis.stop()
  await rm(dir, { recursive: true, maxRetries: 10 })
})

beforeEach(() => {
  lines.length = 0
  parts.redis.reply = working
  parts.host.reply = saying(500)
  parts.issuer.reply = (_, response) => void response.end(JSON.stringify({ keys: [keys.firebase.publicJwk] }))
  edge = startEdge()
})

async function token(): Promise<string> {
  const options = { projectId: PROJECT, supabaseUrl: parts.gotrue.url, ttlSeconds: 3600, now: Date.now }
  const user = {
    uid: UID,
    email: `${CANARY}@example.com`,
    customClaims: { twohop: { role: 'admin', plan: 'pro' } },
  }
  const made = await createMint({ keys, ...options }).mintFirebase(user)
  secrets.push(...made.split('.'))
  return made
}

/** Asks the edge and waits for all that it does after its answer; the answer's status, and its text. */
async function ask(path: string, bearer: string, body: object) {
  const answer = await edge.app.request(
    `${path}?key=${CANARY}`,
    {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        'idempotency-key': `${CANARY}-${crypto.randomUUID()}`,
        'user-agent': CANARY,
      },
      body: JSON.stringify(body),
    },
    { background: (task: Promise<unknown>) => tasks.push(task) },
  )
  const text = await answer.text()
  while (tasks.length > 0) await Promise.all(tasks.splice(0))
  return { status: answer.status, text }
}

const chat = (changes: object = {}) => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content: `${CANARY} in a prompt` }],
  max_tokens: 4,
  ...changes,
})

/** The events that were told, after a look at every line, and every span, for what must not be there. */
function told(): string[] {
  for (const line of [...lines, ...traces.spans.map((span) => JSON.stringify(span))])
    for (const secret of secrets) {
      expect(line).not.toContain(secret)
      expect(line).not.toContain(encodeURIComponent(secret))
    }
  return lines.map((line) => JSON.parse(line).event)
}

it('knows every secret among the variables', () => {
  for (const [name, row] of Object.entries(EDGE_VARIABLES))
    if ('secret' in row && !['FIREBASE_SERVICE_ACCOUNTS', 'HOST_GOOGLE_ACCOUNT'].includes(name))
      expect(
        secrets.some((secret) => variables[name]?.includes(secret)),
        name,
      ).toBe(true)
})

it('tells of a host that refuses, in its own words', async () => {
  expect(await ask('/v1/chat/completions', await token(), chat())).toMatchObject({ status: 502 })
  expect(told().toSorted()).toEqual(['answer_failed', 'host_cancel_failed'])
  expect(traces.told().filter((name) => name.includes('!'))).toEqual([
    'POST /v1/chat/completions!host_failed',
    'chat twohop-chat!host_failed',
  ])
  const { level, code, fault, account } = JSON.parse(
    lines.find((line) => line.includes('answer_failed')) ?? '',
  )
  expect({ level, code, cause: fault.cause.code }).toEqual({
    level: 'warn',
    code: 'host_failed',
    cause: 'http_500',
  })
  expect(account).toMatch(/^[0-9a-f]{16}$/)
})

it('tells of a host that hangs up, at once and in the middle of a stream', async () => {
  const bearer = await token()
  parts.host.reply = hangingUp
  expect(await ask('/v1/chat/completions', bearer, chat())).toMatchObject({ status: 503 })
  expect(told().toSorted()).toEqual(['answer_failed', 'host_cancel_failed'])
  lines.length = 0
  parts.host.reply = (request, response) => {
    if (request.method === 'DELETE') return hangingUp(request, response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: {"choices":[{"delta":{"content":"${CANARY}"}}]}\n\n`)
    setImmediate(() => request.socket.destroy())
  }
  expect(await ask('/v1/chat/completions', bearer, chat({ stream: true }))).toMatchObject({ status: 200 })
  expect(told().toSorted()).toEqual(['host_cancel_failed', 'stream_failed'])
})

it('tells of a store that fails before the host is called, and after', async () => {
  const bearer = await token()
  parts.redis.reply = saying(500)
  expect(await ask('/v1/chat/completions', bearer, chat())).toMatchObject({ status: 503 })
  expect(told().toSorted()).toEqual(['answer_failed', 'release_failed'])
  lines.length = 0
  parts.redis.reply = working
  parts.host.reply = (_, response) => {
    parts.redis.reply = saying(500)
    response.end(`{"choices":["${CANARY}"],"usage":{"prompt_tokens":1,"completion_tokens":1}}`)
  }
  expect(await ask('/v1/chat/completions', bearer, chat())).toMatchObject({ status: 200 })
  expect(told()).toEqual(['settlement_failed'])
})

it('tells of an API key whose store fails, of a leak that nobody took and of jobs', async () => {
  const bearer = await token()
  const made = await ask('/v1/keys', bearer, { name: CANARY, scopes: ['chat'] })
  const { key, id } = JSON.parse(made.text)
  secrets.push(key, key.slice(`twohop_sk_${id}`.length, -6))
  parts.redis.reply = saying(500)
  expect(await ask('/v1/chat/completions', key, chat())).toMatchObject({ status: 503 })
  expect(await ask('/v1/jobs', bearer, { endpoint: '/v1/chat/completions', body: chat() })).toMatchObject({
    status: 503,
  })
  parts.redis.reply = working
  expect(await ask('/v1/keys/leaked', bearer, { key, source: CANARY })).toMatchObject({ status: 200 })
  const events = ['answer_failed', 'answer_failed', 'release_failed', 'webhook_failed']
  expect(told().toSorted()).toEqual(events)
})

it('tells of an issuer that does not follow, and of one without keys', async () => {
  const path = `/v1/admin/accounts/supabase:${new URL(parts.gotrue.url).host}:${USER}/suspend`
  expect(await ask(path, await token(), { reason: CANARY })).toMatchObject({ status: 200 })
  expect(told()).toEqual(['sync_failed'])
  lines.length = 0
  parts.issuer.reply = saying(500)
  edge = startEdge()
  expect(await ask('/v1/chat/completions', await token(), chat())).toMatchObject({ status: 503 })
  expect(told()).toEqual(['jwks_download_failed', 'answer_failed'])
})

it('tells of a scheduled run whose parts fail', async () => {
  parts.redis.reply = saying(500)
  await expect(edge.scheduled()).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(told()).toEqual(['job_settlements_failed', 'sweep_failed', 'drain_failed', 'streams_not_bounded'])
  lines.length = 0
  parts.redis.reply = working
  await edge.scheduled()
  expect(told()).toEqual(['ledger_drain'])
})

it('tells of a ledger that is away while something waits for it, and why', async () => {
  parts.host.reply = (_, response) =>
    void response.end(`{"choices":["${CANARY}"],"usage":{"prompt_tokens":1,"completion_tokens":1}}`)
  for (const [reply, fault] of [
    [saying(503), { class: 'LedgerAway', code: 'http_503' }],
    [hangingUp, { class: 'LedgerAway', code: 'http_0', cause: { class: 'TypeError' } }],
  ] as const) {
    expect(await ask('/v1/chat/completions', await token(), chat())).toMatchObject({ status: 200 })
    lines.length = 0
    parts.ledger.reply = reply
    await edge.scheduled()
    expect(told()).toEqual(['ledger_drain'])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', ended: 'ledger_away', fault })
  }
  parts.ledger.reply = saying(500)
})

it('tells how many settlements never came', async () => {
  const made = createEdge({ ...variables, REQUEST_TIMEOUT_MS: '1000', LEASE_SLACK_MS: '100' }, (line) =>
    lines.push(line),
  )
  edge = made
  parts.host.reply = (_, response) => {
    parts.redis.reply = saying(500)
    response.end(`{"choices":["${CANARY}"],"usage":{"prompt_tokens":1,"completion_tokens":1}}`)
  }
  expect(await ask('/v1/chat/completions', await token(), chat())).toMatchObject({ status: 200 })
  expect(told()).toEqual(['settlement_failed'])
  parts.redis.reply = working
  const swept = async () => {
    lines.length = 0
    await edge.scheduled()
    return told().includes('swept')
  }
  await expect.poll(swept, { interval: 300, timeout: 10_000 }).toBe(true)
  expect(lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'swept')).toEqual({
    ...{ level: 'warn', event: 'swept' },
    charged: 1,
  })
})

it('tells of what nobody foresaw, without its message', async () => {
  const { log, lines: written } = readLog()
  const app = createApp({
    catalog: { current: () => catalog, ready: async () => {} },
    policy: { anonymousPlan: undefined, unverifiedEmailPlan: undefined, supabaseConfirmsEmail: true },
    allowedOrigins: new Set(),
    bodyLimitBytes: 1000,
    bodyTimeoutMs: 1000,
    jobs: { bodyBytes: 1000 },
    budget: {},
    newRequestId: () => 'r1',
    countError() {},
    authenticate: async () => {
      throw new RangeError(`${CANARY}\n    at ${CANARY} (a.ts:1:2)`, { cause: CANARY })
    },
    log,
  } as unknown as AppOptions)
  const sent = { headers: { authorization: `Bearer ${CANARY}` } }
  const answer = await app.request('/v1/models', sent, { background: () => {} })
  expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining(CANARY)])
  expect(written).toMatchObject([
    {
      level: 'error',
      event: 'answer_failed',
      request_id: 'r1',
      code: 'internal',
      fault: { class: 'RangeError' },
    },
  ])
  expect(JSON.stringify(written)).not.toContain(CANARY)
})
