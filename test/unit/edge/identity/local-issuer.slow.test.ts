import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createVerifyToken } from '../../../../edge/identity/verify.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { createIssuer, type IssuerOptions } from '../../../../local/issuer/issuer.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'
import { unreadLog } from '../../../fixtures/log.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-issuer-'))
  return () => rm(dir, { recursive: true, maxRetries: 10 })
})

async function running(options: IssuerOptions = {}) {
  const issuer = await createIssuer({ dir, ...options })
  onTestFinished(() => issuer.close())
  return issuer
}
const verifierOf = (environment: Record<string, string>) =>
  createVerifyToken(edgeConfig({ ...EDGE_NEEDS, ...environment }).issuers, {
    fetch,
    now: Date.now,
    log: unreadLog,
  })

describe('the local issuer', () => {
  it('makes demo users whom the edge verifies over real HTTP', async () => {
    const issuer = await running()
    const verify = verifierOf(issuer.environment)
    const tokens = await issuer.mintDemoTokens()
    for (const kind of ['firebase', 'supabase'] as const) {
      const of = tokens[kind]
      expect(await verify(of.free)).toMatchObject({
        issuer: kind,
        plan: undefined,
        status: 'active',
        roles: [],
      })
      expect(await verify(of.pro)).toMatchObject({ plan: 'pro', anonymous: false, emailVerified: true })
      expect(await verify(of.suspended)).toMatchObject({ status: 'suspended' })
      expect(await verify(of.admin)).toMatchObject({ roles: ['admin'] })
      expect(await verify(of.unverified)).toMatchObject({ emailVerified: false, anonymous: false })
      expect(await verify(of.anonymous)).toMatchObject({ anonymous: true })
    }
  })

  it('signs tokens of the same shape as the real ones', async () => {
    const issuer = await running({ now: () => 1_767_000_000_500 })
    const firebase = await issuer.mintFirebase({ uid: 'u1', name: 'Ann', email: 'a@example.com' })
    expect(decodeProtectedHeader(firebase)).toEqual({ alg: 'RS256', kid: expect.any(String), typ: 'JWT' })
    expect(decodeJwt(firebase)).toEqual({
      name: 'Ann',
      iss: 'https://securetoken.google.com/twohop-local',
      aud: 'twohop-local',
      auth_time: 1_767_000_000,
      user_id: 'u1',
      sub: 'u1',
      iat: 1_767_000_000,
      exp: 1_767_003_600,
      email: 'a@example.com',
      email_verified: true,
      firebase: { identities: { email: ['a@example.com'] }, sign_in_provider: 'password' },
    })
    const id = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
    const supabase = await issuer.mintSupabase({ id, userMetadata: { plan: 'pro' } })
    expect(decodeProtectedHeader(supabase)).toEqual({ alg: 'ES256', kid: expect.any(String), typ: 'JWT' })
    expect(decodeJwt(supabase)).toEqual({
      iss: `${issuer.supabase.url}/auth/v1`,
      sub: id,
      aud: 'authenticated',
      exp: 1_767_003_600,
      iat: 1_767_000_000,
      email: '',
      phone: '',
      app_metadata: {},
      user_metadata: { plan: 'pro' },
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'anonymous', timestamp: 1_767_000_000 }],
      session_id: expect.any(String),
      is_anonymous: true,
    })
  })

  it('publishes public halves only, and nothing else', async () => {
    const { firebase, supabase } = await running()
    const answers = await Promise.all(
      [firebase.url, `${supabase.url}/auth/v1/.well-known/jwks.json`].map((url) => fetch(url)),
    )
    const sets = (await Promise.all(answers.map((answer) => answer.json()))) as { keys: object[] }[]
    expect(sets.map(({ keys }) => keys.map((key) => Object.keys(key).sort()))).toEqual([
      [['alg', 'e', 'kid', 'kty', 'n', 'use']],
      [['alg', 'crv', 'ext', 'key_ops', 'kid', 'kty', 'x', 'y']],
    ])
    expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual([
      'public, max-age=19302, must-revalidate, no-transform',
      'public, max-age=600',
    ])
    expect((await fetch(`${supabase.url}/token`, { method: 'POST' })).status).toBe(404)
  })

  it('keeps its keys, for the owner only, so that a token outlives a restart', async () => {
    const first = await createIssuer({ dir })
    const token = await first.mintFirebase({ uid: 'u1' })
    await first.close()
    const second = await running()
    expect(await verifierOf(second.environment)(token)).toMatchObject({ subject: 'u1' })
    const files = await readdir(dir)
    expect(files.sort()).toEqual(['firebase.rs256.jwk.json', 'supabase.es256.jwk.json'])
    const modes = await Promise.all(files.map(async (file) => (await stat(join(dir, file))).mode & 0o777))
    expect(modes).toEqual([0o600, 0o600])
  })

  it('says which file is no key', async () => {
    await writeFile(join(dir, 'supabase.es256.jwk.json'), '{"kty":')
    await expect(createIssuer({ dir })).rejects.toThrow(/supabase\.es256\.jwk\.json holds no ES256 key/)
  })

  it('says that a port is taken, and that a life is too long', async () => {
    const { supabase } = await running()
    const port = Number(new URL(supabase.url).port)
    await expect(createIssuer({ dir, port })).rejects.toThrow(`Port ${port} is taken.`)
    await expect(createIssuer({ dir, ttlSeconds: 86_401 })).rejects.toThrow(RangeError)
  })
})

describe('the local issuer as a process', () => {
  it('reports itself ready to its parent, serves, and ends with it', async () => {
    const child = fork('local/issuer/main.ts', ['--dir', dir, '--ttl', '60'], { stdio: 'pipe' })
    const ended = once(child, 'exit')
    const [ready] = await Promise.race([
      once(child, 'message'),
      ended.then(([code]) => Promise.reject(new Error(`ended with ${code} before it was ready`))),
    ])
    expect(ready).toMatchObject({ type: 'ready', url: ready.supabase.url })
    expect(await verifierOf(ready.environment)(ready.tokens.supabase.pro)).toMatchObject({ plan: 'pro' })
    child.disconnect()
    expect(await ended).toEqual([0, null])
  })
})
