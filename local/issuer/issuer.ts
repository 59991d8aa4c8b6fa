import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Origins } from '../../edge/access/origin-list.ts'
import { KEEP_ALIVE_MS } from '../../shared/keep-alive.ts'
import { appCheckCalls, createAppCheckMint, LOCAL_PROJECT_NUMBER } from './app-check.ts'
import { addDemoUsers, type DemoTokens, mintDemoTokens } from './demo-users.ts'
import { createDirectory } from './directory.ts'
import type { SignInEnv } from './door.ts'
import { openSigningKeys, type SigningKeys } from './jwks.ts'
import { readKeptUsers, writeKeptUsers } from './kept-users.ts'
import { createMint, type Mint } from './mint.ts'
import { type ProjectParts, projectCalls } from './project.ts'
import { signIn } from './sign-in.ts'

export const LOCAL_PROJECT_ID = 'twohop-local'

export type IssuerOptions = {
  /** Folder of the private keys; made on the first start. Default: keys in memory, gone with the process. */
  dir?: string
  /** File that keeps those who sign up from one start to the next. Default: they are gone with the process. */
  usersFile?: string
  /** Default 0: any free port. */
  port?: number
  /** Life in seconds of the tokens that are made here, at most a day. Default 3600, as with Firebase and Supabase. */
  ttlSeconds?: number
  /** Life in seconds of the tokens of those who sign in. Default 3600. */
  sessionSeconds?: number
  /** Pages that may sign users in, in the form of `ALLOWED_ORIGINS`. Default none. */
  origins?: string
  /** Milliseconds since the epoch. Default the system's clock. */
  now?: () => number
}

/** A running local issuer. */
export type Issuer = Mint & {
  /** `url` has the keys; `authUrl` is what `connectAuthEmulator` takes. */
  firebase: { url: string; authUrl: string; projectId: string }
  /** What `createClient` takes. */
  supabase: { url: string }
  /** App Check, for `APP_CHECK_URL` and `APP_CHECK_PROJECTS`. */
  appCheck: { url: string; projectNumber: string }
  /** A token of a genuine app of the project. */
  mintAppCheck: ReturnType<typeof createAppCheckMint>
  /** Variables of an edge that trusts this issuer. */
  environment: { FIREBASE_PROJECT_IDS: string; FIREBASE_JWKS_URL: string; SUPABASE_URLS: string }
  mintDemoTokens: () => Promise<DemoTokens>
  /** Tells what else its address is to answer, as that of a Supabase project does. */
  serveProject: (parts: ProjectParts) => void
  close: () => Promise<void>
}

/** Longest that a session's token lives unless told otherwise, in seconds; Firebase's and Supabase's live as long. */
const SESSION_SECONDS = 3600

/**
 * Replaces Firebase and Supabase on one machine. It publishes public keys on loopback, at the paths of the real ones,
 * and signs tokens of the same shape. The edge verifies them with the same code as in production. The platforms' own SDKs
 * sign users in here: demo users, and those who signed up.
 * @throws Error where the port is taken or the file of users is none; RangeError where a token's life is none
 */
export async function createIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const { dir, port = 0, ttlSeconds = 3600, sessionSeconds = SESSION_SECONDS, now = Date.now } = options
  const keys = await openSigningKeys(dir)
  const directories = { firebase: createDirectory(now), supabase: createDirectory(now) }
  await addDemoUsers(directories.firebase, directories.supabase)
  if (options.usersFile !== undefined) await readKeptUsers(options.usersFile, directories)
  // Its own port is in what it signs, so it listens before it can answer.
  const app = Promise.withResolvers<Hono<SignInEnv>>()
  const server = await listen(app.promise, port)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const jwksUrl = `${url}/firebase/jwks`
  const signing = { keys, projectId: LOCAL_PROJECT_ID, supabaseUrl: url, now }
  const mint = createMint({ ...signing, ttlSeconds })
  const sessionMint = createMint({ ...signing, ttlSeconds: sessionSeconds })
  const session = { ...signing, mint: sessionMint, ttlSeconds: sessionSeconds }
  const appCheck = { key: keys.firebase, projectId: LOCAL_PROJECT_ID, now }
  const origins = Origins.parse(options.origins ?? '')
  let parts: ProjectParts | undefined
  app.resolve(
    new Hono<SignInEnv>()
      .route('/', keySets(keys))
      .route('/', appCheckCalls(appCheck))
      .route('/', signIn({ ...session, directories, origins }))
      .route(
        '/',
        projectCalls(origins, () => parts),
      ),
  )
  return {
    ...mint,
    firebase: { url: jwksUrl, authUrl: url, projectId: LOCAL_PROJECT_ID },
    supabase: { url },
    appCheck: { url, projectNumber: LOCAL_PROJECT_NUMBER },
    mintAppCheck: createAppCheckMint(appCheck),
    environment: {
      FIREBASE_PROJECT_IDS: LOCAL_PROJECT_ID,
      FIREBASE_JWKS_URL: jwksUrl,
      SUPABASE_URLS: url,
    },
    mintDemoTokens: () => mintDemoTokens(mint),
    serveProject(told) {
      parts = told
    },
    async close() {
      await close(server)
      if (options.usersFile !== undefined) await writeKeptUsers(options.usersFile, directories)
    },
  }
}

/** The cache headers are those that Google and Supabase send. Any page may read public keys. */
function keySets(keys: SigningKeys): Hono<SignInEnv> {
  const firebase = { keys: [{ ...keys.firebase.publicJwk, use: 'sig' }] }
  const supabase = { keys: [{ ...keys.supabase.publicJwk, ext: true, key_ops: ['verify'] }] }
  return new Hono<SignInEnv>()
    .get('/firebase/jwks', (c) =>
      c.json(firebase, 200, { 'cache-control': 'public, max-age=19302, must-revalidate, no-transform' }),
    )
    .get('/auth/v1/.well-known/jwks.json', (c) =>
      c.json(supabase, 200, {
        'cache-control': 'public, max-age=600',
        'access-control-allow-origin': '*',
      }),
    )
}

function listen(app: Promise<Hono<SignInEnv>>, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const fetch = async (request: Request, env: SignInEnv['Bindings']) => (await app).fetch(request, env)
    const server = serve({ fetch, hostname: '127.0.0.1', port }, () => resolve(server)) as Server
    server.keepAliveTimeout = KEEP_ALIVE_MS
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
