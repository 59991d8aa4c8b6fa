import * as z from 'zod'
import { STORABLE } from '../../shared/storable.ts'
import { assertIssued, assertPast, readClaims, TokenTime } from './claims.ts'
import type { TrustedIssuer } from './issuer.ts'
import type { FindKey } from './jwks.ts'
import { type ClaimNames, notRead, ownerSays } from './owner-claims.ts'

/** Google's public keys for Firebase ID tokens, as JSON Web Keys. */
export const FIREBASE_JWKS_URL =
  'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com'

/** Google Cloud's rule for project ids. */
export const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/

/** The `iss` of a project's tokens. */
export const firebaseIss = (projectId: string) => `https://securetoken.google.com/${projectId}`

/**
 * Claims that Firebase itself writes into a token, or reserves. A user chooses some of them, such as `name`, so none may
 * hold what only the owner may say.
 */
export const FIREBASE_OWN_CLAIMS: ReadonlySet<string> = new Set(
  (
    'acr amr at_hash aud auth_time azp cnf c_hash exp firebase iat iss jti nbf nonce sub ' +
    'email email_verified name phone_number picture provider_id source_sign_in_provider user_id'
  ).split(' '),
)

/**
 * Uids are unique within a tenant of Identity Platform, not across the project. Users of two tenants could share an
 * account here, so a token with `firebase.tenant` is refused.
 */
const FirebaseClaims = z.object({
  // Admin SDKs may make any uid.
  sub: z.string().min(1).max(128).regex(STORABLE),
  iat: TokenTime,
  auth_time: TokenTime,
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
  firebase: z.object({
    sign_in_provider: z.string().min(1),
    tenant: z.never('tenants are not supported').optional(),
  }),
})

/**
 * The rules of
 * https://firebase.google.com/docs/auth/admin/verify-id-tokens#verify_id_tokens_using_a_third-party_jwt_library for one
 * project. Custom claims are at the top level, beside Firebase's own; only the Admin SDK can set them.
 */
export function firebaseIssuer(projectId: string, findKey: FindKey, names: ClaimNames): TrustedIssuer {
  return {
    iss: firebaseIss(projectId),
    audience: projectId,
    algorithms: ['RS256'],
    key: findKey,
    principal: (verified, nowSeconds) => {
      const claims = readClaims(FirebaseClaims, verified)
      assertIssued(claims.iat, nowSeconds)
      assertPast('auth_time', claims.auth_time, nowSeconds)
      const { plan, status, roles, scopes } = ownerSays(verified, names, [])
      return {
        issuer: 'firebase',
        project: projectId,
        subject: claims.sub,
        issuedAt: claims.iat,
        anonymous: claims.firebase.sign_in_provider === 'anonymous',
        emailVerified: !claims.email || claims.email_verified === true,
        plan,
        status,
        roles,
        scopes,
      }
    },
    notRead: (verified) => notRead(verified, names).filter((field) => !FIREBASE_OWN_CLAIMS.has(field)),
  }
}
