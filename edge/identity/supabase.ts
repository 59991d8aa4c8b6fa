import * as z from 'zod'
import { assertPast, entitlementsOf, OwnerClaims, readClaims } from './claims.ts'
import type { TrustedIssuer } from './issuer.ts'
import type { FindKey } from './jwks.ts'

/** What a project can choose for its signing keys. */
const PUBLIC_KEY_ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

/** RFC 7518 section 3.2: an HS256 key has at least the hash's length. */
export const MIN_SECRET_BYTES = 32

/** Where a project publishes its public keys. */
export const supabaseJwksUrl = (url: string) => `${url}/auth/v1/.well-known/jwks.json`

/** `anon` and `service_role` are keys of the project, not users. */
const SupabaseClaims = z.object({
  sub: z.guid(),
  iat: z.int(),
  role: z.literal('authenticated'),
  is_anonymous: z.boolean().optional(),
  email: z.string().optional(),
  app_metadata: OwnerClaims.extend({ email_verified: z.boolean().optional() }),
})

/**
 * The rules of a Supabase project's access tokens. Plan, roles, scopes and status come from `app_metadata`;
 * `user_metadata` is whatever the user sent at sign-up and is not even parsed.
 *
 * No claim of Supabase's own says that an address was proved (`user_metadata.email_verified` is the user's to
 * set), so a principal with an address counts as unverified unless the owner writes
 * `app_metadata.email_verified: true`.
 *
 * With `jwtSecret` the project's legacy HS256 tokens are accepted beside those by public key, as in Supabase's
 * own migration: an HS256 token meets only the secret, any other only the published keys.
 */
export function supabaseIssuer(url: string, findKey: FindKey, jwtSecret: string | undefined): TrustedIssuer {
  const secret = jwtSecret === undefined ? undefined : new TextEncoder().encode(jwtSecret)
  if (secret !== undefined && secret.byteLength < MIN_SECRET_BYTES) {
    throw new Error(`The JWT secret of ${url} has fewer than ${MIN_SECRET_BYTES} bytes.`)
  }
  const project = new URL(url).host
  return {
    iss: `${url}/auth/v1`,
    audience: 'authenticated',
    algorithms: secret === undefined ? PUBLIC_KEY_ALGORITHMS : [...PUBLIC_KEY_ALGORITHMS, 'HS256'],
    key: (header) => (header.alg === 'HS256' && secret !== undefined ? secret : findKey(header)),
    principal: (verified, nowSeconds) => {
      const claims = readClaims(SupabaseClaims, verified)
      assertPast('iat', claims.iat, nowSeconds)
      return {
        issuer: 'supabase',
        project,
        subject: claims.sub.toLowerCase(),
        issuedAt: claims.iat,
        anonymous: claims.is_anonymous === true,
        emailVerified: !claims.email || claims.app_metadata.email_verified === true,
        ...entitlementsOf(claims.app_metadata),
      }
    },
  }
}
