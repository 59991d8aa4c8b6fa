import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair } from 'jose'
import { createMint } from '../../../local/issuer/mint.ts'
import { startRedis } from '../../../local/redis/start.ts'
import { API_KEY_SECRET } from '../../fixtures/api-key-form.ts'
import { startHostProcess } from '../../fixtures/host/host-process.ts'
import { manifestOf } from '../../fixtures/host/serving.ts'
import { serveOnLoopback } from '../../fixtures/loopback-server.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { startOtlpReceiver } from '../../fixtures/otlp-receiver.ts'
import { pacedBy } from '../../fixtures/pace.ts'
import { keys, PROJECT } from '../../fixtures/signed-world.ts'

/** What must be in no trace: it is in every text that a test sends. */
export const CANARY = 'c4n4ry'

const EDGE = fileURLToPath(new URL('../../../edge/runtime/node.ts', import.meta.url))

/** The edge as its own process: its address, its log, and its end by SIGTERM with its exit code. */
async function startEdge(environment: Record<string, string>) {
  const child = fork(EDGE, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      EDGE_PORT: '0',
      ...environment,
    },
  })
  let log = ''
  child.stdout?.on('data', (piece) => {
    log += piece
  })
  const ended = once(child, 'exit')
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return {
    url,
    log: () => log,
    async stop(): Promise<unknown> {
      child.kill('SIGTERM')
      return (await ended)[0]
    },
  }
}

/** An edge on Node and a host, each a process of its own, that trace to one collector; with all that they need. */
export async function startTracedStack() {
  const dir = await mkdtemp(path.join(tmpdir(), 'twohop-traces-'))
  const receiver = await startOtlpReceiver()
  const redis = await startRedis({ dir, prefer: 'embedded' })
  const issuer = await serveOnLoopback((_, response) =>
    response.end(JSON.stringify({ keys: [keys.firebase.publicJwk] })),
  )
  const manifest = await manifestOf([
    { id: 'twohop-chat', source: embeddedModel('twohop-chat').folder, task: 'text-generation' },
    { id: 'twohop-embed', source: embeddedModel('twohop-embed').folder, task: 'feature-extraction' },
  ])
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const traces = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${CANARY}`,
  }
  const pace = path.join(dir, 'pace')
  const host = startHostProcess({
    ...traces,
    ...pacedBy(pace),
    SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] }),
    MODELS_FILE: manifest.file,
    HOST_JOBS_REDIS_URL: redis.url,
    HOST_JOBS_REDIS_TOKEN: redis.token,
  })
  const { url: hostUrl } = await host.ready
  const edge = await startEdge({
    ...traces,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    HOST_URL: hostUrl,
    SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'k1' }),
    API_KEY_SECRETS: API_KEY_SECRET,
    FIREBASE_PROJECT_IDS: PROJECT,
    FIREBASE_JWKS_URL: `${issuer.url}/jwks`,
    TRACE_CALLERS: 'keys',
  })
  const mint = createMint({
    keys,
    projectId: PROJECT,
    supabaseUrl: issuer.url,
    ttlSeconds: 3600,
    now: Date.now,
  })
  const token = await mint.mintFirebase({
    uid: `${CANARY}-user`,
    email: `${CANARY}@example.com`,
    customClaims: { twohop: { plan: 'pro', role: 'admin' } },
  })

  return {
    receiver,
    token,
    url: edge.url,
    /** File through which the host's models are slowed down. */
    pace,
    /** Resolves when a line of the host's log matches. */
    hostLine: host.line,
    /** Asks the edge as the user, or as `as`. */
    ask(route: string, body?: object, { as = token, headers = {}, signal }: Asking = {}) {
      const [method = '', at = ''] = route.split(' ')
      return fetch(`${edge.url}${at}?key=${CANARY}`, {
        method,
        headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...headers },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
    },
    /** Ends both hops as an operator does, by SIGTERM; both end well. */
    async stop() {
      const edgeCode = await edge.stop()
      host.child.kill('SIGTERM')
      const { code, stderr } = await host.ended
      return { edge: edgeCode, host: code, stderr, log: edge.log() }
    },
    async remove() {
      host.child.kill('SIGKILL')
      await Promise.all([receiver.stop(), issuer.stop(), redis.stop(), manifest.remove()])
      await rm(dir, { recursive: true, maxRetries: 10 })
    },
  }
}

type Asking = { as?: string; headers?: Record<string, string>; signal?: AbortSignal }
