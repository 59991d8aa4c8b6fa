import { exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { nodeEd25519, nodeSha256 } from '../../../../edge/runtime/node-crypto.ts'
import { createSigner } from '../../../../edge/upstream/signer.ts'
import { bodyHash } from '../../../../shared/service-token.ts'

it("is what WebCrypto's is", async () => {
  for (const text of ['', 'ü', 'x'.repeat(100_000)]) {
    const bytes = new TextEncoder().encode(text)
    expect(await bodyHash(bytes, nodeSha256)).toBe(await bodyHash(bytes))
  }
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const kind = { issuer: 'a', audience: 'b', algorithm: 'EdDSA' }
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k' }
  const [own, web] = [createSigner(jwk, kind, Date.now, nodeEd25519), createSigner(jwk, kind, () => 0)]
  const token = await own({ sub: 'ü' }, (issued) => issued + 60)
  expect((await jwtVerify(token, publicKey)).payload.sub).toBe('ü')
  expect(await createSigner(jwk, kind, () => 0, nodeEd25519)({ sub: 'ü' }, () => 1)).toBe(
    await web({ sub: 'ü' }, () => 1),
  )
})
