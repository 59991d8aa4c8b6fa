import { deleteApp, initializeApp } from 'firebase-admin/app'
import { getAuth } from 'firebase-admin/auth'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createFirebaseRevoked } from '../../../../edge/identity/firebase-revoked.ts'
import { createMint } from '../../../../local/issuer/mint.ts'
import { startGoogle } from '../../../fixtures/issuer-servers.ts'
import { principal as principalOf } from '../../../fixtures/principal.ts'
import { keys } from '../../../fixtures/signed-world.ts'

const PROJECT = 'my-project'
const principal = principalOf({ project: PROJECT })
let google: Awaited<ReturnType<typeof startGoogle>>
let app: ReturnType<typeof initializeApp>
let requireNotRevoked: ReturnType<typeof createFirebaseRevoked>
let token: string

beforeAll(async () => {
  google = await startGoogle(Date.now)
  const options = { projectId: PROJECT, supabaseUrl: google.url, ttlSeconds: 3600, now: Date.now }
  const signed = await createMint({ keys, ...options }).mintFirebase({ uid: 'u1', email: 'u1@example.com' })
  // As the emulator makes them, without a signature: that is checked by the edge before.
  token = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${signed.split('.')[1]}.`
  app = initializeApp({ projectId: PROJECT }, 'revoked')
  process.env.FIREBASE_AUTH_EMULATOR_HOST = new URL(google.url).host
  requireNotRevoked = createFirebaseRevoked(getAuth(app), PROJECT)
})
afterAll(async () => {
  delete process.env.FIREBASE_AUTH_EMULATOR_HOST
  await deleteApp(app)
  google.close()
})
beforeEach(() => {
  google.users.clear()
  google.seen.broken = false
})
const seconds = () => Math.floor(Date.now() / 1000)

it('lets a token through that nobody revoked', async () => {
  google.users.set('u1', { localId: 'u1', validSince: String(seconds() - 60) })
  await requireNotRevoked(token, principal)
})

it.each([
  [
    'a session that was ended since',
    () => ({ localId: 'u1', validSince: String(seconds() + 60) }),
    'token_revoked',
  ],
  ['a user that is disabled', () => ({ localId: 'u1', disabled: true }), 'account_suspended'],
  ['a user that is there no more', () => undefined, 'token_revoked'],
])('refuses %s', async (_, user, code) => {
  const stored = user()
  if (stored) google.users.set('u1', stored)
  await expect(requireNotRevoked(token, principal)).rejects.toMatchObject({ name: 'TwohopError', code })
})

it('lets nobody in while Firebase does not answer', async () => {
  google.seen.broken = true
  await expect(requireNotRevoked(token, principal)).rejects.toMatchObject({ code: 'keys_unavailable' })
})

it('asks nothing of tokens of others', async () => {
  google.seen.broken = true
  await requireNotRevoked('no token', { ...principal, issuer: 'supabase' })
  await requireNotRevoked('no token', { ...principal, project: 'another' })
})
