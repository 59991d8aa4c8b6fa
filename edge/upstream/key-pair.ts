import { importJWK, type JWK } from 'jose'

const utf8 = new TextEncoder()
const SAMPLE = utf8.encode('whether the two halves of a key belong together')

/**
 * Whether the halves of an Ed25519 key belong together: what one signs, the other verifies. Not every runtime looks when it
 * reads a key, and a host refuses each request that the wrong one signed.
 */
export async function isKeyPair({ d, ...publicHalf }: JWK): Promise<boolean> {
  try {
    const [own, others] = await Promise.all([
      importJWK({ ...publicHalf, ...(d !== undefined && { d }) }, 'EdDSA') as Promise<CryptoKey>,
      importJWK(publicHalf, 'EdDSA') as Promise<CryptoKey>,
    ])
    return await crypto.subtle.verify(
      'Ed25519',
      others,
      await crypto.subtle.sign('Ed25519', own, SAMPLE),
      SAMPLE,
    )
  } catch {
    return false
  }
}
