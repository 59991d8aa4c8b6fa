import { exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { createSigner } from '../../../../edge/upstream/signer.ts'

const KIND = { issuer: 'twohop-edge', audience: 'twohop-host', algorithm: 'EdDSA' }
const NOW = Date.UTC(2026, 10, 21, 10, 59, 30)

it('signs tokens that jose verifies, with the times and the names of their kind, whatever the claims say', async () => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const sign = createSigner({ ...(await exportJWK(privateKey)), kid: 'k1' }, KIND, () => NOW)
  const token = await sign({ sub: 'ünï', iss: 'somebody', iat: 1, exp: 2 }, (issued) => issued + 60)
  const { payload, protectedHeader } = await jwtVerify(token, publicKey, { currentDate: new Date(NOW) })
  expect(protectedHeader).toEqual({ alg: 'EdDSA', kid: 'k1', typ: 'JWT' })
  const iat = NOW / 1000
  expect(payload).toEqual({ sub: 'ünï', iss: 'twohop-edge', aud: 'twohop-host', iat, exp: iat + 60 })
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{86}$/)
})

it.each([
  ['another curve', { kty: 'OKP', crv: 'X25519', kid: 'k', d: 'AA' }],
  ['no private part', { kty: 'OKP', crv: 'Ed25519', kid: 'k' }],
  ['no id', { kty: 'OKP', crv: 'Ed25519', d: 'AA' }],
])('refuses a key of %s', (_, jwk) => {
  expect(() => createSigner(jwk, KIND, () => NOW)).toThrow(TypeError)
})
