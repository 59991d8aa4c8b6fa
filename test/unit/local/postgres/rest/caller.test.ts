import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createIdentify } from '../../../../../local/postgres/rest/caller.ts'

const ISSUER = 'http://127.0.0.1:1/auth/v1'
const { publicKey, privateKey } = await generateKeyPair('ES256')
const identify = createIdentify({
  publishableKey: 'sb_publishable_x',
  secretKey: 'sb_secret_x',
  issuer: ISSUER,
  keys: createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k' }] }),
})

const CLAIMS = { iss: ISSUER, aud: 'authenticated', role: 'authenticated', sub: 'ada', exp: 4e9 }
const signed = (claims: JWTPayload) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(privateKey)
const ask = (apikey: string, bearer?: string) =>
  identify(new Headers({ apikey, ...(bearer && { authorization: `Bearer ${bearer}` }) }))

describe('who calls the local REST API', () => {
  it('is told by the key alone, or by a token beside it', async () => {
    expect((await ask('sb_secret_x')).role).toBe('service_role')
    expect((await ask('sb_secret_x', 'sb_secret_x')).role).toBe('service_role')
    expect((await ask('sb_publishable_x')).role).toBe('anon')
    const token = await signed(CLAIMS)
    for (const key of ['sb_publishable_x', 'sb_secret_x'])
      expect(await ask(key, token)).toEqual({ role: 'authenticated', claims: CLAIMS })
  })

  it.each<[string, JWTPayload, number, string]>([
    ['of another role', { ...CLAIMS, role: 'service_role' }, 403, '42501'],
    ['of no role', { ...CLAIMS, role: undefined }, 403, '42501'],
    ['of another issuer', { ...CLAIMS, iss: 'http://127.0.0.1:2/auth/v1' }, 401, 'PGRST301'],
    ['for another audience', { ...CLAIMS, aud: 'anon' }, 401, 'PGRST301'],
    ['that has expired', { ...CLAIMS, exp: 1 }, 401, 'PGRST303'],
  ])('is not believed with a token %s', async (_name, claims, status, code) => {
    await expect(ask('sb_publishable_x', await signed(claims))).rejects.toMatchObject({ status, code })
  })

  it('is nobody without a key, whatever the token', async () => {
    const token = await signed(CLAIMS)
    for (const key of ['', 'sb_secret_y', token])
      await expect(ask(key, token)).rejects.toMatchObject({ status: 401, code: 'PGRST300' })
  })
})
