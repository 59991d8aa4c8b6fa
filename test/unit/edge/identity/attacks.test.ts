import { createPublicKey } from 'node:crypto'
import fc from 'fast-check'
import { base64url, CompactSign, decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SigningKey } from '../../../../local/issuer/jwks.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { keysBrought, noTokens, OTHER_ALGORITHMS, STRANGE_KIDS } from '../../../fixtures/attacks/tokens.ts'
import {
  bothIssuers,
  expectRefused,
  keys,
  LEGACY_SECRET,
  otherKeys,
  resign,
  signedWorld,
  USER_ID,
} from '../../../fixtures/signed-world.ts'

const world = signedWorld(bothIssuers(LEGACY_SECRET))
const { verify } = world
const firebase = await world.mint.mintFirebase({ uid: 'u1', email: 'a@example.com' })
const supabase = await world.mint.mintSupabase({ id: USER_ID, email: 'a@example.com' })
const encode = (value: unknown) => base64url.encode(JSON.stringify(value))

describe('algorithm confusion', () => {
  const publicKey = createPublicKey({ key: keys.firebase.publicJwk, format: 'jwk' })
  const secrets = {
    PEM: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    JWK: JSON.stringify(keys.firebase.publicJwk),
    DER: publicKey.export({ type: 'spki', format: 'der' }),
  }
  it.each(Object.entries(secrets))('HS256 with the public key as %s is refused', async (_, secret) => {
    const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : new Uint8Array(secret)
    for (const header of [{ alg: 'HS256' }, { alg: 'HS256', kid: undefined }]) {
      const forFirebase = await resign(firebase, keys.firebase, { header, key })
      await expectRefused(verify(forFirebase), 'token_algorithm_refused', forFirebase)
      const forSupabase = await resign(supabase, keys.supabase, { header, key })
      await expectRefused(verify(forSupabase), 'token_signature_invalid', forSupabase)
    }
  })

  it.each(OTHER_ALGORITHMS)('a Firebase token with alg "%s" is refused', async (alg) => {
    const [, payload, signature] = firebase.split('.')
    for (const end of [signature, '']) {
      const token = `${encode({ alg, kid: keys.firebase.kid })}.${payload}.${end}`
      await expectRefused(verify(token), 'token_algorithm_refused', token)
    }
  })

  it('a key for another algorithm than the header says is not used', async () => {
    const [, payload, signature] = supabase.split('.')
    const token = `${encode({ alg: 'RS256', kid: keys.supabase.kid })}.${payload}.${signature}`
    await expectRefused(verify(token), 'token_key_unknown', token)
  })
})

describe('a time that is no whole number within the calendar', () => {
  /** Signed as the issuer would: `JSON.stringify` cannot write all of these. */
  function signedWith(token: string, { privateKey, alg, kid }: SigningKey, claim: string, text: string) {
    const { [claim]: _, ...claims } = decodeJwt(token)
    const payload = JSON.stringify(claims).replace(/}$/, `,"${claim}":${text}}`)
    return new CompactSign(new TextEncoder().encode(payload))
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .sign(privateKey)
  }

  it.each(['1e400', '253402300800', '4102444800.5', '9e15'])('is no end of a token: %s', async (text) => {
    for (const [token, key] of [
      [firebase, keys.firebase],
      [supabase, keys.supabase],
    ] as const) {
      const endless = await signedWith(token, key, 'exp', text)
      await expectRefused(verify(endless), 'token_claims_invalid', endless)
      // The same token with an end within the calendar is let in.
      await verify(await signedWith(token, key, 'exp', '4102444800'))
    }
  })

  it.each(['iat', 'nbf', 'auth_time'])('is no %s', async (claim) => {
    for (const text of ['-1e400', '-1', '1.5']) {
      const token = await signedWith(firebase, keys.firebase, claim, text)
      await expectRefused(verify(token), 'token_claims_invalid', token)
    }
  })
})

describe('keys that the token brings along', () => {
  const { privateKey, publicJwk, kid } = otherKeys.firebase

  it.each(keysBrought(publicJwk))('are not looked at: %o', async (extra) => {
    const before = world.fetched.length
    const header = { ...extra, kid: keys.firebase.kid }
    const token = await resign(firebase, keys.firebase, { header, key: privateKey })
    await expectRefused(verify(token), 'token_signature_invalid', token)
    const good = await resign(firebase, keys.firebase, { header })
    expect(await verify(good)).toMatchObject({ subject: 'u1' })
    const own = await resign(firebase, keys.firebase, { header: { ...extra, kid }, key: privateKey })
    await expectRefused(verify(own), 'token_key_unknown', own)
    expect(world.fetched.slice(before).filter((url) => url.includes('evil'))).toEqual([])
  })

  it.each(STRANGE_KIDS)('a kid is only compared, never followed: %s', async (strange) => {
    const token = await resign(firebase, keys.firebase, { header: { kid: strange } })
    await expectRefused(verify(token), 'token_key_unknown', token)
    expect(new Set(world.fetched).size).toBeLessThanOrEqual(2)
  })

  it('a critical extension is refused, known or not', async () => {
    const [, payload, signature] = firebase.split('.')
    for (const crit of [['exp'], ['b64'], [], null]) {
      const token = `${encode({ alg: 'RS256', kid: keys.firebase.kid, crit, b64: true })}.${payload}.${signature}`
      await expectRefused(verify(token), 'token_malformed', token)
    }
  })
})

describe('what a user writes about themself', () => {
  it('in user_metadata changes nothing', async () => {
    const claims = {
      role: 'admin',
      roles: ['admin'],
      plan: 'pro',
      status: 'active',
      scopes: ['everything'],
      email_verified: true,
    }
    const token = await world.mint.mintSupabase({ id: USER_ID, email: 'a@example.com', userMetadata: claims })
    expect(await verify(token)).toEqual({
      issuer: 'supabase',
      project: 'abc.supabase.co',
      issuedAt: expect.any(Number),
      subject: USER_ID,
      anonymous: false,
      emailVerified: false,
      plan: undefined,
      status: 'active',
      roles: [],
      scopes: undefined,
    })
  })

  it("at the top level of a Supabase token (a hook's doing, not the owner's app_metadata) changes nothing", async () => {
    const claims = { plan: 'pro', roles: ['admin'], scopes: [], status: 'suspended' }
    const token = await resign(supabase, keys.supabase, { claims })
    expect(await verify(token)).toMatchObject({
      plan: undefined,
      roles: [],
      scopes: undefined,
      status: 'active',
    })
  })
})

describe('tampering', () => {
  it.each([
    ['firebase', firebase, { plan: 'pro' }],
    ['supabase', supabase, { app_metadata: { plan: 'pro' } }],
  ])('with the payload of a %s token is refused', async (_, token, change) => {
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload)))
    const changed = `${header}.${encode({ ...claims, ...change })}.${signature}`
    await expectRefused(verify(changed), 'token_signature_invalid', changed)
  })

  it.each([
    ['firebase', firebase],
    ['supabase', supabase],
  ])('with any one byte of a %s token is refused', async (_, token) => {
    await verify(token) // remembered from here on: the memory must not let a changed one through
    const mutation = fc.record({
      at: fc.nat(token.length - 1),
      character: fc.oneof(
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
        fc.constantFrom('.', '=', ' ', '\0', '+', '/', 'é', '\n'),
      ),
    })
    await fc.assert(
      fc.asyncProperty(mutation, async ({ at, character }) => {
        fc.pre(token[at] !== character)
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        const error = await verify(changed).then(
          () => 'accepted',
          (thrown: unknown) => thrown,
        )
        expect(error).toBeInstanceOf(TwohopError)
        expect((error as TwohopError).code).toMatch(/^token_/)
      }),
      { numRuns: 300 },
    )
  })

  it('with the unused bits of the last character is refused, so a token has one spelling', async () => {
    for (const token of [firebase, supabase]) {
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        const changed = token.slice(0, -1) + last
        if (changed === token) continue
        await expect(verify(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^token_/) })
      }
    }
  })
})

describe('what is no token', () => {
  it.each(noTokens(firebase))('%s is malformed', async (_, token) => {
    await expectRefused(verify(token), 'token_malformed', token)
  })
})
