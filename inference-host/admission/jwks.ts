import { type CryptoKey, importJWK } from 'jose'
import * as z from 'zod'
import { fieldPath } from '../../shared/field-path.ts'
import { plainWords } from '../../shared/plain-words.ts'

/** Public keys by `kid`. There are several while a new key replaces an old one. */
export type PublicKeys = ReadonlyMap<string, CryptoKey>

const Jwks = z.object({
  keys: z
    .array(
      z.object({
        kty: z.literal('OKP', 'must be OKP'),
        crv: z.literal('Ed25519', 'must be Ed25519'),
        kid: z.string('is missing').min(1).max(200),
        x: z.string('is missing').length(43, 'must be 32 bytes in base64url'),
        d: z.undefined('is a private key: the host holds public keys only').optional(),
      }),
    )
    .min(1, 'hold no key')
    .max(32),
})

/**
 * Imports a JWKS (RFC 7517) of Ed25519 public keys (RFC 8037).
 * @throws Error of one line, to be put after the variable's name, where the set is malformed, holds a private key, or names a `kid` twice.
 */
export async function importPublicKeys(json: string): Promise<PublicKeys> {
  const keys = new Map<string, CryptoKey>()
  for (const jwk of parse(json)) {
    if (keys.has(jwk.kid)) throw new Error('two keys have the same kid')
    const key = await importJWK({ kty: jwk.kty, crv: jwk.crv, x: jwk.x }, 'EdDSA')
    if (key instanceof Uint8Array) throw new Error('a key is an octet sequence')
    keys.set(jwk.kid, key)
  }
  return keys
}

function parse(json: string) {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new Error('is no JSON; put the content of service-key.public.json there')
  }
  const parsed = Jwks.safeParse(value, { error: plainWords })
  if (parsed.success) return parsed.data.keys
  const [issue] = parsed.error.issues
  throw new Error(`is no JWKS: ${fieldPath(issue?.path ?? [])} ${issue?.message}`.replace('  ', ' '))
}
