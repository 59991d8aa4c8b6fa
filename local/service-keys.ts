import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

/** The edge's private key, and the public keys for the host. */
export type ServiceKeys = { privateKey: JWK; publicKeys: { keys: JWK[] } }

/**
 * A fresh Ed25519 pair (RFC 8037) for service tokens.
 * @param name the key's name in tokens, its `kid`; default: its thumbprint (RFC 7638), which no other key has, so that the
 *   host may hold several keys, for rotation
 */
export async function serviceKeys(name?: string): Promise<ServiceKeys> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const kid = name ?? (await calculateJwkThumbprint(await exportJWK(publicKey)))
  return {
    privateKey: { ...(await exportJWK(privateKey)), kid, alg: 'EdDSA' },
    publicKeys: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] },
  }
}
