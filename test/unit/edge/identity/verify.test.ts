import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { createVerifyToken } from '../../../../edge/identity/verify.ts'
import type { ErrorCode } from '../../../../shared/errors.ts'
import {
  bothIssuers,
  expectRefused,
  firebaseConfig,
  keys,
  LEGACY_SECRET,
  otherKeys,
  PROJECT,
  resign,
  SUPABASE,
  SUPABASE_KEYS,
  signedWorld,
  supabaseConfig,
  USER_ID,
} from '../../../fixtures/signed-world.ts'

const firebaseUser = { uid: 'u1', email: 'a@example.com' }
const supabaseUser = { id: USER_ID, email: 'a@example.com' }

describe('several issuers at once', () => {
  it('verifies users of two Firebase and two Supabase projects, each as its own account', async () => {
    const world = signedWorld()
    const second = 'https://def.supabase.co'
    world.published.set(`${second}/auth/v1/.well-known/jwks.json`, [otherKeys.supabase])
    const verify = createVerifyToken(
      [...bothIssuers(), firebaseConfig('other-project'), supabaseConfig(second)],
      world,
    )
    const firebase = await world.mint.mintFirebase(firebaseUser)
    const supabase = await world.mint.mintSupabase(supabaseUser)
    const tokens = [
      firebase,
      await resign(firebase, keys.firebase, {
        claims: { iss: 'https://securetoken.google.com/other-project', aud: 'other-project' },
      }),
      supabase,
      await resign(supabase, otherKeys.supabase, { claims: { iss: `${second}/auth/v1` } }),
    ]
    const projects = (await Promise.all(tokens.map(verify))).map(
      ({ issuer, project }) => `${issuer} ${project}`,
    )
    expect(projects).toEqual([
      'firebase my-project',
      'firebase other-project',
      'supabase abc.supabase.co',
      'supabase def.supabase.co',
    ])
    expect(world.fetched).toHaveLength(3) // both Firebase projects share Google's keys
  })

  it("refuses one project's key under another project's name", async () => {
    const { verify, mint } = signedWorld()
    const token = await resign(await mint.mintFirebase(firebaseUser), keys.supabase, {
      claims: { iss: `${SUPABASE}/auth/v1` },
      header: { kid: keys.firebase.kid },
    })
    await expectRefused(verify(token), 'token_key_unknown', token)
  })

  it('refuses to be made with the same issuer twice', () => {
    const world = signedWorld()
    expect(() => createVerifyToken([...bothIssuers(), ...bothIssuers()], world)).toThrow(/twice/)
  })
})

describe('each refusal has its code', () => {
  type Case = [
    name: string,
    code: ErrorCode,
    claims: Record<string, unknown>,
    header?: Record<string, unknown>,
  ]
  const at = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000

  const both: Case[] = [
    ['an unknown issuer', 'token_issuer_unknown', { iss: 'https://evil.example' }],
    ['no issuer', 'token_issuer_unknown', { iss: undefined }],
    ['a list of issuers', 'token_issuer_unknown', { iss: [`${SUPABASE}/auth/v1`] }],
    ['another audience', 'token_audience_wrong', { aud: 'someone-else' }],
    ['no audience', 'token_claims_invalid', { aud: undefined }],
    ['a token that ends this second', 'token_expired', { exp: at }],
    ['no end', 'token_claims_invalid', { exp: undefined }],
    ['an end that is no number', 'token_claims_invalid', { exp: `${at + 60}` }],
    ['a begin in the future', 'token_not_yet_valid', { nbf: at + 60 }],
    ['an issue time in the future', 'token_not_yet_valid', { iat: at + 6 }],
    ['an issue time a year and a day ago', 'token_expired', { iat: at - 366 * 86_400 }],
    ['no issue time', 'token_claims_invalid', { iat: undefined }],
    ['no subject', 'token_claims_invalid', { sub: undefined }],
    ['an empty subject', 'token_claims_invalid', { sub: '' }],
    ['a subject that is no string', 'token_claims_invalid', { sub: 7 }],
    ['a subject with a NUL', 'token_claims_invalid', { sub: 'a\0b' }],
    ['half a character for a subject', 'token_claims_invalid', { sub: '\ud800' }],
    ['a key nobody publishes', 'token_key_unknown', {}, { kid: 'nobody' }],
    ['no key id', 'token_key_unknown', {}, { kid: undefined }],
    ['a key id that is no string', 'token_key_unknown', {}, { kid: 1 }],
  ]
  const firebase: Case[] = [
    ...both,
    [
      "another project's issuer",
      'token_issuer_unknown',
      { iss: 'https://securetoken.google.com/my-project2' },
    ],
    ['a session cookie', 'token_issuer_unknown', { iss: `https://session.firebase.google.com/${PROJECT}` }],
    ['a subject of 129 characters', 'token_claims_invalid', { sub: 'x'.repeat(129) }],
    ['a sign-in in the future', 'token_not_yet_valid', { auth_time: at + 6 }],
    ['no sign-in time', 'token_claims_invalid', { auth_time: undefined }],
    ['no provider', 'token_claims_invalid', { firebase: {} }],
    ['a tenant', 'token_claims_invalid', { firebase: { sign_in_provider: 'password', tenant: 't1' } }],
  ]
  const supabase: Case[] = [
    ...both,
    ['an issuer with a slash more', 'token_issuer_unknown', { iss: `${SUPABASE}/auth/v1/` }],
    ['the service role', 'token_claims_invalid', { role: 'service_role' }],
    ['the anon role', 'token_claims_invalid', { role: 'anon' }],
    ['no role', 'token_claims_invalid', { role: undefined }],
    ['a subject that is no UUID', 'token_claims_invalid', { sub: 'user-1' }],
    ['no app_metadata', 'token_claims_invalid', { app_metadata: undefined }],
    ['an anonymity that is no boolean', 'token_claims_invalid', { is_anonymous: 'false' }],
  ]

  it.each(firebase)('firebase: %s', async (_, code, claims, header = {}) => {
    const { verify, mint } = signedWorld()
    const token = await resign(await mint.mintFirebase(firebaseUser), keys.firebase, { claims, header })
    await expectRefused(verify(token), code, token)
  })

  it.each(supabase)('supabase: %s', async (_, code, claims, header = {}) => {
    const { verify, mint } = signedWorld()
    const token = await resign(await mint.mintSupabase(supabaseUser), keys.supabase, { claims, header })
    await expectRefused(verify(token), code, token)
  })

  it('tolerates a clock that runs 5 seconds ahead, and a subject of 128 characters', async () => {
    const { verify, mint } = signedWorld()
    const claims = { iat: at + 5, auth_time: at + 5, sub: 'x'.repeat(128) }
    const token = await resign(await mint.mintFirebase(firebaseUser), keys.firebase, { claims })
    expect(await verify(token)).toMatchObject({ subject: 'x'.repeat(128) })
  })

  it('says that the keys are missing, not that the token is wrong, where none could ever be fetched', async () => {
    const { verify, mint, network } = signedWorld()
    network.answer = () => Promise.reject(new TypeError('no route'))
    const refusal = await expectRefused(verify(await mint.mintFirebase(firebaseUser)), 'keys_unavailable')
    expect(refusal.retryAfterMs).toBe(2000)
  })
})

describe("Supabase's other signing keys", () => {
  it.each(['RS256', 'EdDSA'] as const)('%s is verified by the published key', async (alg) => {
    const { verify, mint, published } = signedWorld()
    const { privateKey, publicKey } = await generateKeyPair(alg)
    const publicJwk = { ...(await exportJWK(publicKey)), kid: 'second', alg }
    published.set(SUPABASE_KEYS, [keys.supabase, { ...keys.firebase, publicJwk }])
    const header = { alg, kid: 'second' }
    const minted = await mint.mintSupabase(supabaseUser)
    const token = await resign(minted, keys.supabase, { header, key: privateKey })
    expect(await verify(token)).toMatchObject({ subject: USER_ID })
    const forged = await generateKeyPair(alg)
    const forgery = await resign(minted, keys.supabase, { header, key: forged.privateKey })
    await expectRefused(verify(forgery), 'token_signature_invalid', forgery)
  })
})

describe('the legacy HS256 secret of Supabase', () => {
  const sign = async (secret: string) => {
    const world = signedWorld(bothIssuers(LEGACY_SECRET))
    const token = await resign(await world.mint.mintSupabase(supabaseUser), keys.supabase, {
      header: { alg: 'HS256', kid: undefined },
      key: new TextEncoder().encode(secret),
    })
    return { ...world, token }
  }

  it('verifies HS256 with the secret alone, without any download', async () => {
    const { verify, token, fetched } = await sign(LEGACY_SECRET)
    expect(await verify(token)).toMatchObject({ issuer: 'supabase', subject: USER_ID })
    expect(fetched).toEqual([])
  })

  it('refuses another secret', async () => {
    const { verify, token } = await sign(`${LEGACY_SECRET}!`)
    await expectRefused(verify(token), 'token_signature_invalid', token)
  })

  it('goes on verifying ES256 by public key', async () => {
    const { verify, mint } = await sign(LEGACY_SECRET)
    expect(await verify(await mint.mintSupabase(supabaseUser))).toMatchObject({ subject: USER_ID })
  })

  it('is refused where no secret is configured', async () => {
    const { token } = await sign(LEGACY_SECRET)
    await expectRefused(signedWorld().verify(token), 'token_algorithm_refused', token)
  })

  it('must have 32 bytes', () => {
    expect(() => signedWorld(bothIssuers('x'.repeat(31)))).toThrow(/fewer than 32 bytes/)
  })
})
