import { describe, expect, it } from 'vitest'
import type { IssuerConfig } from '../../../../edge/identity/issuer.ts'
import { accountOf } from '../../../../edge/identity/principal.ts'
import { createVerifyToken } from '../../../../edge/identity/verify.ts'
import { readLog } from '../../../fixtures/log.ts'
import {
  bothIssuers,
  expectRefused,
  keys,
  resign,
  signedWorld,
  USER_ID,
} from '../../../fixtures/signed-world.ts'

const { verify, mint } = signedWorld()

describe('a Firebase user', () => {
  it('becomes a principal', async () => {
    const principal = await verify(await mint.mintFirebase({ uid: 'u1', email: 'a@example.com' }))
    expect(principal).toEqual({
      issuer: 'firebase',
      project: 'my-project',
      subject: 'u1',
      issuedAt: expect.any(Number),
      anonymous: false,
      emailVerified: true,
      plan: undefined,
      status: 'active',
      roles: [],
      scopes: undefined,
    })
    expect(accountOf(principal)).toBe('firebase:my-project:u1')
  })

  it('without sign-in is anonymous, and has no address to prove', async () => {
    const principal = await verify(await mint.mintFirebase({ uid: 'u2' }))
    expect(principal).toMatchObject({ anonymous: true, emailVerified: true })
  })

  it('by phone is neither anonymous nor unverified', async () => {
    const principal = await verify(await mint.mintFirebase({ uid: 'u3', provider: 'phone' }))
    expect(principal).toMatchObject({ anonymous: false, emailVerified: true })
  })

  it.each([false, undefined])('with email_verified %s is unverified', async (email_verified) => {
    const token = await mint.mintFirebase({ uid: 'u4', email: 'a@example.com' })
    const changed = await resign(token, keys.firebase, { claims: { email_verified } })
    expect(await verify(changed)).toMatchObject({ emailVerified: false })
  })

  it('has what the custom claims say', async () => {
    const twohop = {
      plan: 'pro',
      role: 'admin',
      roles: ['editor', 'admin'],
      scopes: ['chat'],
      status: 'suspended',
    }
    const customClaims = { twohop }
    const principal = await verify(await mint.mintFirebase({ uid: 'u5', customClaims }))
    expect(principal).toMatchObject({
      plan: 'pro',
      roles: ['admin', 'editor'],
      scopes: ['chat'],
      status: 'suspended',
    })
  })
})

describe('a Supabase user', () => {
  it('becomes a principal, and one UUID is one account however it is spelled', async () => {
    const token = await mint.mintSupabase({ id: USER_ID, email: 'a@example.com' })
    const principal = await verify(token)
    expect(accountOf(principal)).toBe(`supabase:abc.supabase.co:${USER_ID}`)
    const upper = await verify(await mint.mintSupabase({ id: USER_ID.toUpperCase(), email: 'a@example.com' }))
    expect(accountOf(upper)).toBe(accountOf(principal))
  })

  it('without sign-in is anonymous, and has no address to prove', async () => {
    const principal = await verify(await mint.mintSupabase({ id: USER_ID }))
    expect(principal).toMatchObject({ anonymous: true, emailVerified: true })
  })

  it.each([
    [true, true],
    [false, false],
    [undefined, false],
  ])('whose twohop.email_verified is %s: verified %s', async (email_verified, emailVerified) => {
    const user = { id: USER_ID, email: 'a@example.com', appMetadata: { twohop: { email_verified } } }
    expect(await verify(await mint.mintSupabase(user))).toMatchObject({ emailVerified })
  })

  it('has what app_metadata says', async () => {
    const appMetadata = { twohop: { plan: 'pro', role: 'admin', scopes: [], status: 'suspended' } }
    const principal = await verify(await mint.mintSupabase({ id: USER_ID, appMetadata }))
    expect(principal).toMatchObject({ plan: 'pro', roles: ['admin'], scopes: [], status: 'suspended' })
  })
})

describe("an app's own claims", () => {
  const own = { plan: 'pro', role: 'admin', roles: ['admin'], scopes: ['admin'], status: 'premium' }
  const nothing = { plan: undefined, roles: [], scopes: undefined, status: 'active' }

  it('grant nothing here, whatever they are called', async () => {
    expect(await verify(await mint.mintFirebase({ uid: 'u1', customClaims: own }))).toMatchObject(nothing)
    const appMetadata = { ...own, email_verified: true }
    const supabase = { id: USER_ID, email: 'a@example.com', appMetadata }
    expect(await verify(await mint.mintSupabase(supabase))).toMatchObject({
      ...nothing,
      emailVerified: false,
    })
  })

  it('are said once in the log, by the names of their fields alone', async () => {
    const { log, lines } = readLog()
    const world = signedWorld()
    const verifying = createVerifyToken(bothIssuers(), { ...world, log })
    for (const uid of ['u1', 'u2'])
      await verifying(
        await world.mint.mintFirebase({ uid, customClaims: { ...own, twohop: { plan: 'free' } } }),
      )
    expect(lines).toMatchObject([
      { level: 'warn', event: 'claims_not_read', fields: ['plan', 'role', 'roles', 'scopes', 'status'] },
    ])
    expect(JSON.stringify(lines)).not.toMatch(/premium|u1/)
    const appMetadata = { plan: 'gold' }
    await verifying(await world.mint.mintSupabase({ id: USER_ID, appMetadata }))
    expect(lines).toHaveLength(2)
  })

  it('are read where the configuration names them, of that issuer alone', async () => {
    const world = signedWorld()
    const others = { plan: 'plan', role: 'app_role' } as const
    const [firebase, supabase] = bothIssuers() as [IssuerConfig, IssuerConfig]
    const configs = [{ ...firebase, claims: { object: 'twohop', others } }, supabase]
    const verifying = createVerifyToken(configs, world)
    const claims = { plan: 'pro', app_role: 'developer', role: 'admin', twohop: { status: 'suspended' } }
    const token = await world.mint.mintFirebase({ uid: 'u1', customClaims: claims })
    expect(await verifying(token)).toMatchObject({ plan: 'pro', roles: ['developer'], status: 'suspended' })
    const other = await world.mint.mintSupabase({ id: USER_ID, appMetadata: claims })
    expect(await verifying(other)).toMatchObject({ plan: undefined, roles: [], status: 'suspended' })
  })
})

describe("the owner's claims that cannot be read are refused, never taken for none", () => {
  const bad: [string, Record<string, unknown>][] = [
    ['plan', { plan: 1 }],
    ['plan', { plan: '' }],
    ['plan', { plan: 'x'.repeat(101) }],
    ['role', { role: ['admin'] }],
    ['roles', { roles: 'admin' }],
    ['roles.1', { roles: ['admin', 1] }],
    ['scopes', { scopes: 'chat' }],
    ['scopes', { scopes: { chat: true } }],
    ['scopes.0', { scopes: [false] }],
    ['scopes', { scopes: Array(101).fill('chat') }],
    ['status', { status: 'Suspended' }],
    ['status', { status: true }],
  ]
  it.each(bad)('%s: %o', async (claim, claims) => {
    const firebase = await mint.mintFirebase({ uid: 'u1', customClaims: { twohop: claims } })
    const inFirebase = await expectRefused(verify(firebase), 'token_claims_invalid', firebase)
    expect(inFirebase.message).toContain(`\`twohop.${claim}\``)
    const supabase = await mint.mintSupabase({ id: USER_ID, appMetadata: { twohop: claims } })
    const inSupabase = await expectRefused(verify(supabase), 'token_claims_invalid', supabase)
    expect(inSupabase.message).toContain(`\`app_metadata.twohop.${claim}\``)
  })

  it('also where they are about the address', async () => {
    const firebase = await mint.mintFirebase({ uid: 'u1', email: 'a@example.com' })
    const odd = await resign(firebase, keys.firebase, { claims: { email_verified: 'true' } })
    await expectRefused(verify(odd), 'token_claims_invalid', odd)
    const user = { id: USER_ID, email: 'a@example.com', appMetadata: { twohop: { email_verified: 'true' } } }
    await expectRefused(verify(await mint.mintSupabase(user)), 'token_claims_invalid')
  })
})
