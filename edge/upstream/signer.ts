import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import * as z from 'zod'
import { secondOf } from '../../shared/seconds.ts'

/** 32 bytes in base64url. A key that lacks a part would be found out at the first request only. */
const KEY_PART = /^[\w-]{43}$/
const OF_KEYS = 'must be 32 bytes in base64url, as `npm run keys` writes them'

/** The edge's private key: an Ed25519 JWK (RFC 8037) with a `kid` that the host knows. */
export const ServicePrivateKey = z.looseObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  kid: z.string().min(1),
  d: z.string().regex(KEY_PART, OF_KEYS),
  x: z.string().regex(KEY_PART, OF_KEYS),
})

/** The fixed parts of one kind of token. */
type Kind = { issuer: string; audience: string; algorithm: string }

/**
 * Reads the edge's private key once and returns a signer of one kind of token (Ed25519, RFC 8037).
 * @param privateKey a private JWK, `kty` OKP, `crv` Ed25519, with a `kid` that the host knows
 * @param now milliseconds since the epoch
 * @returns a function that signs `claims`; `expires` computes the token's end from its beginning, both in seconds since
 *   the epoch
 * @throws TypeError when the JWK is not such a key
 */
export function createSigner(privateKey: JWK, { issuer, audience, algorithm }: Kind, now: () => number) {
  const { kty, crv, kid, d } = privateKey
  if (kty !== 'OKP' || crv !== 'Ed25519' || !kid || !d)
    throw new TypeError('SERVICE_TOKEN_PRIVATE_KEY must be a private Ed25519 JWK with a kid')
  const key = importJWK(privateKey, algorithm)
  // Whoever signs is told that it is no key; until then nobody waits for it.
  key.catch(() => {})
  return async function sign(claims: JWTPayload, expires: (issued: number) => number): Promise<string> {
    const issued = secondOf(now())
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issued)
      .setExpirationTime(expires(issued))
      .sign(await key)
  }
}
