import type { JWK } from 'jose'
import { SERVICE_TOKEN, type ServiceClaims } from '../../shared/service-token.ts'
import { createSigner, type Ed25519 } from './signer.ts'

/** The claims that differ from request to request; the rest is fixed by the protocol. */
export type RequestClaims = Omit<ServiceClaims, 'iss' | 'aud' | 'iat' | 'exp'>

export type SignServiceToken = (claims: RequestClaims) => Promise<string>

/**
 * The signer of service tokens.
 * @param privateKey the edge's private JWK
 * @param now milliseconds since the epoch
 * @throws TypeError as createSigner does
 */
export function createServiceTokenSigner(
  privateKey: JWK,
  now: () => number,
  ed25519?: Ed25519,
): SignServiceToken {
  const sign = createSigner(privateKey, SERVICE_TOKEN, now, ed25519)
  return (claims) => sign(claims, (issued) => issued + SERVICE_TOKEN.lifetimeSeconds)
}
