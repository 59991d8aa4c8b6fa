import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from 'vitest'
import { createEdge } from '../../../edge/runtime/edge.ts'
import { createMint } from '../../../local/issuer/mint.ts'
import { serviceKeys } from '../../../local/service-keys.ts'
import { EDGE_NEEDS } from '../../fixtures/edge-variables.ts'
import { keys, PROJECT, SUPABASE } from '../../fixtures/signed-world.ts'
import type { RunningRedis } from '../budget/each-redis.ts'

export type Edge = ReturnType<typeof createEdge>

/** The one origin whose pages may call. */
export const ORIGIN = 'https://app.example'
const { privateKey } = await serviceKeys('test')

/** An issuer that publishes its public keys, with a count of how often they were fetched. */
export function publishedKeys() {
  const issuer = { fetched: 0, url: '' }
  const server = createServer((_, response) => {
    issuer.fetched++
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [keys.firebase.publicJwk] }))
  })
  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })
  return issuer
}

/** The variables of an edge with nothing behind it but a Redis and that issuer. */
export function edgeVariables({ url, token }: { url: string; token: string }, issuer: { url: string }) {
  return {
    ...EDGE_NEEDS,
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
    SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify(privateKey),
    REDIS_TIMEOUT_MS: '20000',
    FIREBASE_PROJECT_IDS: PROJECT,
    FIREBASE_JWKS_URL: issuer.url,
    ALLOWED_ORIGINS: ORIGIN,
    METRICS: 'on',
  }
}

/** The edge as it is built from these. */
export function edgeOn(
  redis: { url: string; token: string },
  issuer: { url: string },
  more: Record<string, string> = {},
): Edge {
  return createEdge({ ...edgeVariables(redis, issuer), ...more }, () => {})
}

/** Makes tokens of the issuer, or of one that has other keys; `agoMs` ago. */
export const minted = (from = keys, agoMs = 0) =>
  createMint({
    keys: from,
    projectId: PROJECT,
    supabaseUrl: SUPABASE,
    ttlSeconds: 3600,
    now: () => Date.now() - agoMs,
  })

/** A user of the plan pro. */
export const user = (uid: string, role?: string) => ({
  uid,
  email: `${uid}@example.com`,
  customClaims: { twohop: { plan: 'pro', ...(role && { role }) } },
})

export const accountOf = (uid: string) => `firebase:${PROJECT}:${uid}`

export type Route = { method: string; path: string; body?: object | undefined }

/** Asks the edge and waits for all that it does after its answer. */
export async function askEdge(
  edge: Edge,
  { method, path, body }: Route,
  headers: Record<string, string> = {},
  address?: string,
) {
  const background: Promise<unknown>[] = []
  const answer = await edge.app.request(
    path,
    {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    },
    { background: (task: Promise<unknown>) => void background.push(task), address },
  )
  const text = await answer.text()
  while (background.length > 0) await Promise.all(background.splice(0))
  return { status: answer.status, text }
}

/** Everything that Redis holds, but for how long each still lives. */
export async function everything(redis: RunningRedis): Promise<Record<string, unknown>> {
  const names = (await redis.command<string[]>('KEYS', '*')).toSorted()
  const types = await redis.pipeline<string>(names.map((name) => ['TYPE', name]))
  const read = (name: string, type = 'none') =>
    ({
      string: ['GET', name],
      hash: ['HGETALL', name],
      zset: ['ZRANGE', name, 0, -1, 'WITHSCORES'],
      stream: ['XRANGE', name, '-', '+'],
    })[type] ?? ['TYPE', name]
  const values = await redis.pipeline<unknown>(names.map((name, i) => read(name, types[i])))
  return Object.fromEntries(names.map((name, i) => [name, values[i]]))
}
