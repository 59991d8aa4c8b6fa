import { createPrivateKey, hash, sign } from 'node:crypto'
import type { Sha256 } from '../../shared/sha256.ts'
import type { Ed25519 } from '../upstream/signer.ts'

/**
 * Node's own crypto, at once. Its WebCrypto sends each digest and each signature to another thread, and waking that costs
 * more than what it computes (docs/benchmarks.md).
 */
export const nodeSha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

export const nodeEd25519: Ed25519 = ({ d = '', x = '' }) => {
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
  return (bytes) => sign(null, bytes, key)
}
