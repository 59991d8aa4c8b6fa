import { deleteApp, initializeApp } from 'firebase-admin/app'
import { getAuth } from 'firebase-admin/auth'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFirebaseAdmin } from '../../../../edge/sync/firebase-admin.ts'
import { createFirebaseSdkAdmin } from '../../../../edge/sync/firebase-sdk-admin.ts'
import type { IdentityAdmin } from '../../../../edge/sync/port.ts'
import { secondOf } from '../../../../shared/seconds.ts'
import { startGoogle } from '../../../fixtures/issuer-servers.ts'
import { CLAIM_NAMES } from '../../../fixtures/signed-world.ts'

const now = () => Date.now()
let google: Awaited<ReturnType<typeof startGoogle>>
let app: ReturnType<typeof initializeApp>
let sdk: ReturnType<typeof createFirebaseSdkAdmin>

beforeAll(async () => {
  google = await startGoogle(now)
  process.env.FIREBASE_AUTH_EMULATOR_HOST = new URL(google.url).host
  app = initializeApp({ projectId: 'my-project' }, 'sync')
  sdk = createFirebaseSdkAdmin(getAuth(app))
  // It reads the variable when it is made; other tests of this process must not.
  await sdk(CLAIM_NAMES)
    .endSessions('nobody')
    .catch(() => {})
  delete process.env.FIREBASE_AUTH_EMULATOR_HOST
})
afterAll(async () => {
  await deleteApp(app)
  google.close()
})
beforeEach(() => {
  google.users.clear()
  google.seen.broken = false
})

const claimsOf = (uid: string) => JSON.parse(google.users.get(uid)?.customAttributes ?? '{}')

type Kind = (names?: typeof CLAIM_NAMES) => IdentityAdmin
const KINDS: [string, Kind][] = [
  [
    'by REST',
    (names = CLAIM_NAMES) =>
      createFirebaseAdmin({ names, fetch, now, account: google.account, url: google.url }),
  ],
  ['by firebase-admin', (names = CLAIM_NAMES) => sdk(names)],
]

describe.each(KINDS)("Firebase's administration %s", (_, firebase) => {
  it('merges plan and status into the custom claims, and takes them away again', async () => {
    const before = { role: 'owner', plan: 'of the app', team: 7, twohop: { role: 'developer' } }
    google.users.set('u1', { localId: 'u1', customAttributes: JSON.stringify(before) })
    await firebase().setState('u1', { plan: 'pro', status: 'suspended' })
    const suspended = { role: 'developer', plan: 'pro', status: 'suspended' }
    expect(claimsOf('u1')).toEqual({ ...before, twohop: suspended })
    await firebase().setState('u1', { status: 'active' })
    expect(claimsOf('u1')).toEqual({ ...before, twohop: { role: 'developer', plan: 'pro' } })
    await firebase().setState('u1', { plan: null })
    expect(claimsOf('u1')).toEqual(before)
  })

  it('writes where the edge reads, if other names are configured', async () => {
    google.users.set('u1', {
      localId: 'u1',
      customAttributes: '{"tier":"free","mine":{"status":"suspended"}}',
    })
    const named = firebase({ object: 'mine', others: { plan: 'tier' } })
    await named.setState('u1', { plan: 'pro', status: 'active' })
    expect(claimsOf('u1')).toEqual({ tier: 'pro' })
    await named.setState('u1', { plan: null })
    expect(claimsOf('u1')).toEqual({})
  })

  it('leaves a claim of that name alone that is no object', async () => {
    google.users.set('u1', { localId: 'u1', customAttributes: '{"twohop":"beta"}' })
    await expect(firebase().setState('u1', { plan: 'pro' })).rejects.toMatchObject({ code: 'refused' })
    expect(claimsOf('u1')).toEqual({ twohop: 'beta' })
  })

  it('writes to a user without claims', async () => {
    google.users.set('u1', { localId: 'u1' })
    await firebase().setState('u1', { plan: 'pro' })
    expect(claimsOf('u1')).toEqual({ twohop: { plan: 'pro' } })
  })

  it('ends sessions that began before this second', async () => {
    google.users.set('u1', { localId: 'u1', customAttributes: '{"plan":"pro"}' })
    const before = secondOf(Date.now())
    await firebase().endSessions('u1')
    // firebase-admin reads the clock itself.
    expect(Number(google.users.get('u1')?.validSince)).toBeGreaterThanOrEqual(before)
    expect(google.users.get('u1')).toEqual({
      localId: 'u1',
      customAttributes: '{"plan":"pro"}',
      validSince: expect.anything(),
    })
  })

  it('says what went wrong by a code, and nothing of what was sent', async () => {
    await expect(firebase().setState('nobody', { plan: 'pro' })).rejects.toMatchObject({
      code: 'user_unknown',
    })
    google.users.set('u1', { localId: 'u1', customAttributes: JSON.stringify({ long: 'x'.repeat(980) }) })
    await expect(firebase().setState('u1', { plan: 'pro' })).rejects.toMatchObject({
      code: 'claims_too_large',
    })
    google.seen.broken = true
    const error = await firebase()
      .endSessions('u1')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'SyncError', code: 'unavailable' })
    expect(String((error as Error).stack)).not.toMatch(/owner|INTERNAL|PRIVATE KEY/)
  })
})
