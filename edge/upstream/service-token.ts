import { importJWK, type JWK, SignJWT } from 'jose'
import { SERVICE_TOKEN, type ServiceClaims } from '../../shared/service-token.ts'

/** The claims that differ from request to request; the rest is fixed by the protocol. */
export type RequestClaims = Omit<ServiceClaims, 'iss' | 'aud' | 'iat' | 'exp'>

export type SignServiceToken = (claims: RequestClaims) => Promise<string>

/**
 * Reads the private key once and returns the signer of service tokens (Ed25519, RFC 8037).
 * @param privateKey a private JWK, `kty` OKP, `crv` Ed25519, with a `kid` that the host knows
 * @param now milliseconds since the epoch
 * @throws TypeError when the key is not such a key
 */
export function createServiceTokenSigner(privateKey: JWK, now: () => number): SignServiceToken {
  const { kty, crv, kid, d } = privateKey
  if (kty !== 'OKP' || crv !== 'Ed25519' || !kid || !d)
    throw new TypeError('SERVICE_TOKEN_PRIVATE_KEY must be a private Ed25519 JWK with a kid')
  const key = importJWK(privateKey, SERVICE_TOKEN.algorithm)
  return async function signServiceToken(claims) {
    const issued = Math.floor(now() / 1000)
    return new SignJWT(claims)
      .setProtectedHeader({ alg: SERVICE_TOKEN.algorithm, kid, typ: 'JWT' })
      .setIssuer(SERVICE_TOKEN.issuer)
      .setAudience(SERVICE_TOKEN.audience)
      .setIssuedAt(issued)
      .setExpirationTime(issued + SERVICE_TOKEN.lifetimeSeconds)
      .sign(await key)
  }
}
