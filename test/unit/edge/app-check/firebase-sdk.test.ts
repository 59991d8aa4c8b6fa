import { createPublicKey } from 'node:crypto'
import { Agent } from 'node:https'
import { connect } from 'node:net'
import { deleteApp, initializeApp } from 'firebase-admin/app'
import { getAppCheck } from 'firebase-admin/app-check'
import { base64url } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFirebaseSdkAppCheck } from '../../../../edge/app-check/firebase-sdk.ts'
import { createGoogleAppCheck } from '../../../../edge/app-check/google.ts'
import type { AppCheck } from '../../../../edge/app-check/port.ts'
import { createAppCheckMint, LOCAL_PROJECT_NUMBER } from '../../../../local/issuer/app-check.ts'
import { createMint } from '../../../../local/issuer/mint.ts'
import { startAppCheck, startGoogle } from '../../../fixtures/issuer-servers.ts'
import { unreadLog } from '../../../fixtures/log.ts'
import { expectRefused, keys, otherKeys, resign } from '../../../fixtures/signed-world.ts'

const PROJECT = 'my-project'
const now = () => Date.now()
const mint = createAppCheckMint({ key: keys.firebase, projectId: PROJECT, now })
let google: Awaited<ReturnType<typeof startGoogle>>
let server: Awaited<ReturnType<typeof startAppCheck>>
let app: ReturnType<typeof initializeApp>
const kinds: Record<string, AppCheck> = {}

beforeAll(async () => {
  google = await startGoogle(now)
  server = await startAppCheck(keys.firebase, google, now)
  const port = Number(new URL(server.url).port)
  // The package's addresses are its own. Its connections lead to the server of this test.
  class ToServer extends Agent {
    override createConnection = () => connect(port, '127.0.0.1')
  }
  google.given.set('of the platform', now() + 3_600_000)
  const getAccessToken = async () => ({ access_token: 'of the platform', expires_in: 3600 })
  const options = { projectId: PROJECT, httpAgent: new ToServer(), credential: { getAccessToken } }
  app = initializeApp(options, 'app-check')
  kinds['firebase-admin'] = createFirebaseSdkAppCheck(getAppCheck(app))
  const world = { fetch, now, log: unreadLog }
  kinds.REST = createGoogleAppCheck({
    ...{ url: server.url, projects: [LOCAL_PROJECT_NUMBER], accounts: [google.account] },
    ...world,
  })
})
afterAll(async () => {
  await deleteApp(app)
  server.close()
  google.close()
})
beforeEach(() => {
  Object.assign(server.seen, { used: 0, broken: false })
})

const encode = (value: unknown) => base64url.encode(JSON.stringify(value))

describe.each(['REST', 'firebase-admin'])('App Check by %s', (kind) => {
  const appCheck = () => kinds[kind] as AppCheck

  it('lets a genuine app in, as often as it comes', async () => {
    const token = await mint()
    await appCheck().verify(token)
    await appCheck().verify(token)
    expect(server.seen.used).toBe(0)
  })

  it('lets a token in once where it is used up', async () => {
    const [token, another] = [await mint(), await mint()]
    await appCheck().consume(token)
    await expectRefused(appCheck().consume(token), 'app_check_invalid', token)
    await appCheck().consume(another)
    expect(server.seen.used).toBe(3)
  })

  it('lets nobody in while it cannot be said that a token is used up', async () => {
    const token = await mint()
    server.seen.broken = true
    await expectRefused(appCheck().consume(token), 'keys_unavailable', token)
    server.seen.broken = false
    await appCheck().consume(token)
  })

  const seconds = () => Math.floor(now() / 1000)
  const elsewhere = '200000000002'
  const publicKey = createPublicKey({ key: keys.firebase.publicJwk, format: 'jwk' })
  const pem = new TextEncoder().encode(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  it.each<[string, () => Promise<string>]>([
    [
      'of another project',
      () =>
        mint({ aud: [`projects/${elsewhere}`], iss: `https://firebaseappcheck.googleapis.com/${elsewhere}` }),
    ],
    ['for another project', () => mint({ aud: [`projects/${elsewhere}`, 'projects/another'] })],
    ['of another issuer', () => mint({ iss: `https://firebaseappcheck.example/${LOCAL_PROJECT_NUMBER}` })],
    ['that has expired', () => mint({ exp: seconds() - 1, iat: seconds() - 3600 })],
    ['of no app', () => mint({ sub: '' })],
    ['whose audience is no list', () => mint({ aud: `projects/${LOCAL_PROJECT_NUMBER}` })],
    [
      'without a signature',
      async () => `${encode({ alg: 'none', kid: keys.firebase.kid })}.${(await mint()).split('.')[1]}.`,
    ],
    [
      'signed with the public key',
      async () => resign(await mint(), keys.firebase, { header: { alg: 'HS256' }, key: pem }),
    ],
    [
      'signed by another',
      async () => resign(await mint(), keys.firebase, { key: otherKeys.firebase.privateKey }),
    ],
    ['signed with an unknown key', async () => resign(await mint(), otherKeys.firebase)],
    [
      'whose claims were changed',
      async () => {
        const [head, , signature] = (await mint()).split('.')
        return `${head}.${(await mint()).split('.')[1]}.${signature}`
      },
    ],
    [
      "that is a user's",
      () =>
        createMint({
          keys,
          projectId: PROJECT,
          supabaseUrl: 'https://a.example',
          ttlSeconds: 3600,
          now,
        }).mintFirebase({ uid: 'u1', email: 'a@example.com' }),
    ],
    ['that is none', async () => 'not-a-token'],
    ['that is two', async () => `${await mint()}, ${await mint()}`],
    ['that is long', async () => `${await mint()}${'x'.repeat(100_000)}`],
  ])('refuses a token %s, and does not ask Google to use it up', async (_, make) => {
    const token = await make()
    await expectRefused(appCheck().verify(token), 'app_check_invalid', token)
    await expectRefused(appCheck().consume(token), 'app_check_invalid', token)
    expect(server.seen.used).toBe(0)
  })
})

it('refuses, by REST, a token that names no project whose account is there, and one without an end', async () => {
  const unnamed = await mint({ aud: [`projects/${LOCAL_PROJECT_NUMBER}`] })
  await kinds.REST?.verify(unnamed)
  for (const [token, way] of [
    [unnamed, 'consume'],
    [await mint({ exp: undefined }), 'verify'],
  ] as const)
    await expectRefused(Promise.resolve(kinds.REST?.[way](token)), 'app_check_invalid', token)
})

it('lets nobody in, by REST, while the keys cannot be fetched', async () => {
  server.seen.broken = true
  const options = { url: server.url, projects: [LOCAL_PROJECT_NUMBER], accounts: [] }
  const cold = createGoogleAppCheck({ ...options, fetch, now, log: unreadLog })
  await expectRefused(cold.verify(await mint()), 'keys_unavailable')
})
