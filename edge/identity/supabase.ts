import * as z from 'zod'
import { assertIssued, readClaims, TokenTime } from './claims.ts'
import type { TrustedIssuer } from './issuer.ts'
import type { FindKey } from './jwks.ts'
import { type ClaimNames, notRead, ownerSays } from './owner-claims.ts'

/** The algorithms that a project can choose for its signing keys. */
const PUBLIC_KEY_ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

/** RFC 7518 section 3.2: an HS256 key is at least as long as the hash, in bytes. */
export const MIN_SECRET_BYTES = 32

/** The `iss` of a project's tokens. */
export const supabaseIss = (url: string) => `${url}/auth/v1`

/** Where a project publishes its public keys. */
export const supabaseJwksUrl = (url: string) => `${supabaseIss(url)}/.well-known/jwks.json`

/** Fields of `app_metadata` that Supabase itself writes, by what a user signs in with. */
export const SUPABASE_OWN_CLAIMS: ReadonlySet<string> = new Set(['provider', 'providers'])

/** `anon` and `service_role` are keys of the project, not users. */
const SupabaseClaims = z.object({
  sub: z.guid(),
  iat: TokenTime,
  role: z.literal('authenticated'),
  is_anonymous: z.boolean().optional(),
  email: z.string().optional(),
  app_metadata: z.record(z.string(), z.unknown()),
})

/**
 * The rules of a Supabase project's access tokens. Plan, roles, scopes and status come from an object in
 * `app_metadata`. `user_metadata` is not even parsed: the user can write anything there.
 *
 * No claim of Supabase's own says that an address was proved; `user_metadata.email_verified` can be set by the user. So
 * a principal with an address counts as unverified unless the owner writes `email_verified: true` into that object.
 *
 * With `jwtSecret`, the project's legacy HS256 tokens are accepted besides those by public key, as in Supabase's own
 * migration. An HS256 token is checked against the secret only, any other token against the published keys only.
 * @throws Error when `jwtSecret` has fewer than 32 bytes
 */
export function supabaseIssuer(
  url: string,
  findKey: FindKey,
  jwtSecret: string | undefined,
  names: ClaimNames,
): TrustedIssuer {
  const secret = jwtSecret === undefined ? undefined : new TextEncoder().encode(jwtSecret)
  if (secret !== undefined && secret.byteLength < MIN_SECRET_BYTES) {
    throw new Error(`The JWT secret of ${url} has fewer than ${MIN_SECRET_BYTES} bytes.`)
  }
  const project = new URL(url).host
  return {
    iss: supabaseIss(url),
    audience: 'authenticated',
    algorithms: secret === undefined ? PUBLIC_KEY_ALGORITHMS : [...PUBLIC_KEY_ALGORITHMS, 'HS256'],
    key: (header) => (header.alg === 'HS256' && secret !== undefined ? secret : findKey(header)),
    principal: (verified, nowSeconds) => {
      const claims = readClaims(SupabaseClaims, verified)
      assertIssued(claims.iat, nowSeconds)
      const { emailVerified, ...said } = ownerSays(claims.app_metadata, names, ['app_metadata'])
      return {
        issuer: 'supabase',
        project,
        subject: claims.sub.toLowerCase(),
        issuedAt: claims.iat,
        anonymous: claims.is_anonymous === true,
        emailVerified: !claims.email || emailVerified === true,
        ...said,
      }
    },
    notRead: ({ app_metadata }) => notRead(app_metadata as Record<string, unknown>, names),
  }
}
