import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { type DemoTokens, mintDemoTokens } from './demo-users.ts'
import { openSigningKeys, type SigningKeys } from './jwks.ts'
import { createMint, type Mint } from './mint.ts'

export const LOCAL_PROJECT_ID = 'twohop-local'

export type IssuerOptions = {
  /** Folder of the private keys; made on the first start. Default: keys in memory, gone with the process. */
  dir?: string
  /** Default 0: any free port. */
  port?: number
  /** Life of a token in seconds, at most a day. Default 3600, as with Firebase and Supabase. */
  ttlSeconds?: number
  /** Milliseconds since the epoch. Default the system's clock. */
  now?: () => number
}

/** A running local issuer. */
export type Issuer = Mint & {
  firebase: { url: string; projectId: string }
  supabase: { url: string }
  /** Variables of an edge that trusts this issuer. */
  environment: { FIREBASE_PROJECT_IDS: string; FIREBASE_JWKS_URL: string; SUPABASE_URLS: string }
  mintDemoTokens: () => Promise<DemoTokens>
  close: () => Promise<void>
}

/**
 * Replaces Firebase and Supabase on one machine. It publishes public keys on loopback, at the paths of the real ones,
 * and signs tokens of the same shape. The edge verifies them with the same code as in production. Nobody can get a
 * token over HTTP; only a holder of the keys can make one.
 * @throws Error where the port is taken
 */
export async function createIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const { dir, port = 0, ttlSeconds = 3600, now = Date.now } = options
  const keys = await openSigningKeys(dir)
  const server = await listen(keySets(keys), port)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const jwksUrl = `${url}/firebase/jwks`
  const mint = createMint({ keys, projectId: LOCAL_PROJECT_ID, supabaseUrl: url, ttlSeconds, now })
  return {
    ...mint,
    firebase: { url: jwksUrl, projectId: LOCAL_PROJECT_ID },
    supabase: { url },
    environment: {
      FIREBASE_PROJECT_IDS: LOCAL_PROJECT_ID,
      FIREBASE_JWKS_URL: jwksUrl,
      SUPABASE_URLS: url,
    },
    mintDemoTokens: () => mintDemoTokens(mint),
    close: () => close(server),
  }
}

/** The cache headers are those that Google and Supabase send. */
function keySets(keys: SigningKeys): Hono {
  const firebase = { keys: [{ ...keys.firebase.publicJwk, use: 'sig' }] }
  const supabase = { keys: [{ ...keys.supabase.publicJwk, ext: true, key_ops: ['verify'] }] }
  return new Hono()
    .get('/firebase/jwks', (c) =>
      c.json(firebase, 200, { 'cache-control': 'public, max-age=19302, must-revalidate, no-transform' }),
    )
    .get('/auth/v1/.well-known/jwks.json', (c) =>
      c.json(supabase, 200, { 'cache-control': 'public, max-age=600' }),
    )
}

function listen(app: Hono, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, () => resolve(server)) as Server
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken.`, { cause: error }) : error)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
