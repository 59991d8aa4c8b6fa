import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FirebaseServiceAccounts, identityAdmins, SupabaseServiceKeys } from '../../../../edge/sync/config.ts'
import { createFirebaseAdmin } from '../../../../edge/sync/firebase-admin.ts'
import { createSync, partsOf } from '../../../../edge/sync/port.ts'
import { createSupabaseAdmin } from '../../../../edge/sync/supabase-admin.ts'
import { startGoogle, startGoTrue } from '../../../fixtures/issuer-servers.ts'
import { readLog, unreadLog } from '../../../fixtures/log.ts'
import { CLAIM_NAMES, supabaseConfig } from '../../../fixtures/signed-world.ts'

const SERVICE_KEY = 'sb_secret_0123456789abcdef'
const USER = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
const clock = { ms: Date.UTC(2026, 10, 21) }
const now = () => clock.ms

let google: Awaited<ReturnType<typeof startGoogle>>
let gotrue: Awaited<ReturnType<typeof startGoTrue>>
beforeAll(async () => {
  google = await startGoogle(now)
  gotrue = await startGoTrue(SERVICE_KEY)
})
afterAll(() => {
  google.close()
  gotrue.close()
})
beforeEach(() => {
  google.users.clear()
  google.seen.broken = false
  gotrue.users.clear()
})

const ask = { names: CLAIM_NAMES, fetch, now }
const firebase = (names = CLAIM_NAMES) =>
  createFirebaseAdmin({ ...ask, account: google.account, url: google.url, names })
const supabase = (serviceKey = SERVICE_KEY, names = CLAIM_NAMES) =>
  createSupabaseAdmin({ ...ask, url: gotrue.url, serviceKey, names })
const claimsOf = (uid: string) => JSON.parse(google.users.get(uid)?.customAttributes ?? '{}')

describe("Firebase's administration", () => {
  it('finds a user behind a base URL that ends with a slash', async () => {
    google.users.set('u1', { localId: 'u1' })
    const { account, url } = google
    await createFirebaseAdmin({ ...ask, account, url: `${url}/` }).setState('u1', { plan: 'pro' })
    expect(claimsOf('u1')).toEqual({ twohop: { plan: 'pro' } })
  })

  it('asks for one access token an hour', async () => {
    google.users.set('u1', { localId: 'u1' })
    const admin = firebase()
    const before = google.seen.tokens
    for (let i = 0; i < 3; i++) await admin.setState('u1', { plan: 'pro' })
    expect(google.seen.tokens - before).toBe(1)
    clock.ms += 3_600_000
    await admin.setState('u1', { plan: 'pro' })
    expect(google.seen.tokens - before).toBe(2)
  })

  it('says what went wrong by a code, and nothing of what was sent', async () => {
    await expect(firebase().setState('nobody', { plan: 'pro' })).rejects.toMatchObject({
      code: 'user_unknown',
    })
    await expect(firebase().endSessions('nobody')).rejects.toMatchObject({ code: 'refused' })
    google.users.set('u1', { localId: 'u1', customAttributes: JSON.stringify({ long: 'x'.repeat(980) }) })
    await expect(firebase().setState('u1', { plan: 'pro' })).rejects.toMatchObject({
      code: 'claims_too_large',
    })
    google.seen.broken = true
    const error = await firebase()
      .endSessions('u1')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unavailable' })
    expect(String((error as Error).stack)).not.toMatch(/PRIVATE KEY|ya29/)
    const away = createFirebaseAdmin({ ...ask, account: google.account, url: 'http://127.0.0.1:9' })
    await expect(away.endSessions('u1')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe("Supabase's administration", () => {
  it('says what went wrong by a code, and repeats no key', async () => {
    await expect(supabase().endSessions(USER)).rejects.toMatchObject({ code: 'user_unknown' })
    const error = await supabase('another-key-of-20-chars')
      .endSessions(USER)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'refused' })
    expect(String(error)).not.toMatch(/sb_secret|another-key/)
  })

  it('reads no answer without end', async () => {
    const endless: typeof fetch = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        }),
      )
    const admin = createSupabaseAdmin({ ...ask, url: gotrue.url, serviceKey: SERVICE_KEY, fetch: endless })
    await expect(admin.endSessions(USER)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('the sync', () => {
  const sync = (log = unreadLog) =>
    createSync(
      new Map([
        ['firebase:my-project', firebase()],
        ...identityAdmins(
          {
            FIREBASE_ADMIN_URL: google.url,
            SUPABASE_SERVICE_KEYS: { [gotrue.url]: SERVICE_KEY },
            CLAIMS_OBJECT: 'twohop',
            issuers: [supabaseConfig(gotrue.url, undefined, { object: 'mine', others: {} })],
          },
          { fetch, now },
        ),
      ]),
      log,
    )

  it("tells the account's own issuer, and ends sessions with a suspension only", async () => {
    google.users.set('u1', { localId: 'u1' })
    gotrue.users.set(USER, { id: USER, app_metadata: {} })
    const supabaseAccount = `supabase:${new URL(gotrue.url).host}:${USER}`
    expect(await sync()('firebase:my-project:u1', { plan: 'pro' })).toEqual({ outcome: 'done' })
    expect(google.users.get('u1')?.validSince).toBeUndefined()
    expect(await sync()('firebase:my-project:u1', { status: 'suspended' })).toEqual({ outcome: 'done' })
    expect(google.users.get('u1')?.validSince).toBe(String(clock.ms / 1000))
    expect(claimsOf('u1')).toEqual({ twohop: { plan: 'pro', status: 'suspended' } })
    expect(await sync()(supabaseAccount, { status: 'suspended' })).toEqual({ outcome: 'done' })
    expect(gotrue.users.get(USER)).toEqual({
      id: USER,
      app_metadata: { mine: { status: 'suspended' } },
      ban_duration: '876000h',
    })
  })

  it('says where nothing is configured, and what failed', async () => {
    expect(await sync()('firebase:other-project:u1', { plan: 'pro' })).toEqual({ outcome: 'not_configured' })
    const { log, lines } = readLog()
    expect(await sync(log)('firebase:my-project:nobody', { plan: 'pro' })).toEqual({
      outcome: 'failed',
      why: 'user_unknown',
    })
    expect(lines).toMatchObject([
      { event: 'sync_failed', code: 'user_unknown', fault: { class: 'SyncError' } },
    ])
  })
})

describe('configuration', () => {
  it('takes key files as Google gives them, and project URLs', () => {
    expect(FirebaseServiceAccounts.parse([{ type: 'service_account', ...google.account }])).toHaveLength(1)
    for (const wrong of [
      { private_key: 'x' },
      { token_uri: 'http://evil.example/token' },
      { project_id: '../x' },
    ])
      expect(FirebaseServiceAccounts.safeParse([{ ...google.account, ...wrong }]).success).toBe(false)
    expect(SupabaseServiceKeys.safeParse({ 'https://abc.supabase.co': SERVICE_KEY }).success).toBe(true)
    for (const url of [
      'https://abc.supabase.co/',
      'https://abc.supabase.co/auth',
      'abc',
      'http://abc.supabase.co',
    ])
      expect(SupabaseServiceKeys.safeParse({ [url]: SERVICE_KEY }).success).toBe(false)
  })

  it('shows no secret in a complaint, be it on the wrong side', () => {
    for (const wrong of [
      { [SERVICE_KEY]: 'https://abc.supabase.co' },
      { 'https://abc.supabase.co': 'too-short' },
    ]) {
      const { error } = SupabaseServiceKeys.safeParse(wrong)
      expect(error?.issues).toHaveLength(1)
      expect(JSON.stringify(error?.issues)).not.toMatch(/sb_secret|too-short/)
    }
    const { error } = FirebaseServiceAccounts.safeParse([{ ...google.account, private_key: 'a-secret' }])
    expect(error?.issues).toHaveLength(1)
    expect(JSON.stringify(error?.issues)).not.toContain('a-secret')
  })
})

describe('the name of an account', () => {
  it.each([
    ['firebase:my-project:u1', { issuer: 'firebase:my-project', subject: 'u1' }],
    ['firebase:my-project:a:b/c', { issuer: 'firebase:my-project', subject: 'a:b/c' }],
    [`supabase:abc.supabase.co:${USER}`, { issuer: 'supabase:abc.supabase.co', subject: USER }],
    [`supabase:127.0.0.1:54321:${USER}`, { issuer: 'supabase:127.0.0.1:54321', subject: USER }],
    ['supabase:abc.supabase.co:u1', undefined],
    ['firebase:my-project:', undefined],
    ['key:my-project:u1', undefined],
    ['firebase:my-project:u1\0', undefined],
    ['firebase:my-project:u\ud800', undefined],
    [`firebase:my-project:${'u'.repeat(129)}`, undefined],
    ['firebase:my-project:\u{1f511}', { issuer: 'firebase:my-project', subject: '\u{1f511}' }],
    ['', undefined],
  ])('%s', (name, parts) => expect(partsOf(name)).toEqual(parts))
})
