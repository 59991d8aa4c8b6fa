import { base64url, importJWK, type JWK, type JWTPayload } from 'jose'
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

export type ServicePrivateKey = z.infer<typeof ServicePrivateKey>

/** Signs bytes by a private JWK, as it is made once. */
export type Ed25519 = (
  privateKey: JWK,
) => (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>

/** By WebCrypto. Whoever signs is told that it is no key; until then nobody waits for it. */
const webEd25519: Ed25519 = (privateKey) => {
  // Ed25519 gives a CryptoKey; only secrets of symmetric algorithms are bytes.
  const key = importJWK(privateKey, 'EdDSA') as Promise<CryptoKey>
  key.catch(() => {})
  return async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', await key, bytes))
}

/** The fixed parts of one kind of token. */
type Kind = { issuer: string; audience: string; algorithm: string }

/**
 * Reads the edge's private key once and returns a signer of one kind of token (Ed25519, RFC 8037). jose's own copies and
 * checks the claims, which are made here, for each request.
 * @param privateKey a private JWK, `kty` OKP, `crv` Ed25519, with a `kid` that the host knows
 * @param now milliseconds since the epoch
 * @param ed25519 makes signatures; default: WebCrypto
 * @returns a function that signs `claims`; `expires` computes the token's end from its beginning, both in seconds since
 *   the epoch
 * @throws TypeError when the JWK is not such a key
 */
export function createSigner(
  privateKey: JWK,
  { issuer, audience, algorithm }: Kind,
  now: () => number,
  ed25519 = webEd25519,
) {
  const { kty, crv, kid, d } = privateKey
  if (kty !== 'OKP' || crv !== 'Ed25519' || !kid || !d)
    throw new TypeError('SERVICE_TOKEN_PRIVATE_KEY must be a private Ed25519 JWK with a kid')
  const signed = ed25519(privateKey)
  const head = encoded({ alg: algorithm, kid, typ: 'JWT' })
  return async function sign(claims: JWTPayload, expires: (issued: number) => number): Promise<string> {
    const issued = secondOf(now())
    const fixed = { iss: issuer, aud: audience, iat: issued, exp: expires(issued) }
    const said = `${head}.${encoded({ ...claims, ...fixed })}`
    return `${said}.${base64url.encode(await signed(utf8.encode(said)))}`
  }
}

const utf8 = new TextEncoder()
/** A part of a compact JWS (RFC 7515, section 3.1). */
const encoded = (part: object) => base64url.encode(JSON.stringify(part))
