import { exportJWK, generateKeyPair, type JWK } from 'jose'

/** A fresh Ed25519 pair for service tokens: the edge's private JWK, and the JWKS of public ones for the host. */
export async function serviceKeys(): Promise<{ privateKey: JWK; publicKeys: { keys: JWK[] } }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const kid = `local-${crypto.randomUUID().slice(0, 8)}`
  return {
    privateKey: { ...(await exportJWK(privateKey)), kid, alg: 'EdDSA' },
    publicKeys: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] },
  }
}
