import { exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { importPublicKeys } from '../../../../inference-host/admission/jwks.ts'

async function pair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  return {
    open: { ...(await exportJWK(publicKey)), kid },
    secret: { ...(await exportJWK(privateKey)), kid },
  }
}

test('imports several keys by kid, for rotation', async () => {
  const [a, b] = [await pair('a'), await pair('b')]
  const keys = await importPublicKeys(JSON.stringify({ keys: [a.open, b.open] }))
  expect([...keys.keys()]).toEqual(['a', 'b'])
})

test('refuses a private key and does not show it', async () => {
  const { secret } = await pair('a')
  const error = await importPublicKeys(JSON.stringify({ keys: [secret] })).catch((thrown) => thrown)
  expect(error.message).toMatch(/keys\[0\]\.d is a private key/)
  expect(error.message).not.toContain(secret.d)
})

test('refuses other curves, no kid, two of one kid, no key, and what is no JSON', async () => {
  const { open } = await pair('a')
  const refused = (keys: unknown[]) => expect(importPublicKeys(JSON.stringify({ keys }))).rejects
  await refused([{ ...open, crv: 'X25519' }]).toThrow(/Ed25519/)
  await refused([{ kty: 'RSA', n: 'AQ', e: 'AQAB', kid: 'a' }]).toThrow(/OKP/)
  await refused([{ ...open, kid: undefined }]).toThrow(/kid/)
  await refused([open, open]).toThrow(/two keys have the same kid/)
  await refused([]).toThrow(/no key/)
  await expect(importPublicKeys('{')).rejects.toThrow(/no JSON/)
  await expect(importPublicKeys('7')).rejects.toThrow(/^is no JWKS: must be a JSON object$/)
  await expect(importPublicKeys('{}')).rejects.toThrow(/^is no JWKS: keys is missing$/)
  await refused([{ kid: 'a' }]).toThrow(/^is no JWKS: keys\[0\]\.kty must be OKP$/)
})
