import type { JWTPayload } from 'jose'
import type { FindKey } from './jwks.ts'
import type { ClaimNames, OwnerField } from './owner-claims.ts'
import type { Principal } from './principal.ts'

/** What the project's owner configures for one issuer whose users may call. */
export type IssuerConfig = {
  /** Where its tokens hold what the owner says of a user. */
  claims: ClaimNames
  /** The issuers, by their names, whose accounts its administrators administer. All of them are trusted here. */
  administers: ReadonlySet<string>
} & (
  | {
      kind: 'firebase'
      projectId: string
      /** URL of the public keys; Google's, unless a local issuer replaces it. */
      jwksUrl: string
    }
  | {
      kind: 'supabase'
      /** The project's URL without a slash at its end, such as `https://abc.supabase.co`. */
      url: string
      /** The legacy HS256 secret, at least 32 bytes, or undefined to refuse HS256. */
      jwtSecret: string | undefined
    }
)

/** The issuer as it stands in the names of its accounts: `firebase:<project id>`, `supabase:<host>`. */
export function issuerName(issuer: { projectId: string } | { url: string }): string {
  return 'projectId' in issuer ? `firebase:${issuer.projectId}` : `supabase:${new URL(issuer.url).host}`
}

/** The rules of one issuer, as the verifier applies them. */
export type TrustedIssuer = {
  /** The exact `iss`. */
  iss: string
  audience: string
  /** The only values of the header's `alg` that are accepted. */
  algorithms: readonly string[]
  /** The key for a header whose `alg` is one of `algorithms`. */
  key: (...header: Parameters<FindKey>) => ReturnType<FindKey> | Uint8Array
  /** Reads verified claims. @throws TwohopError token_claims_invalid or token_not_yet_valid */
  principal: (claims: JWTPayload, nowSeconds: number) => Principal
  /** Fields of verified claims that look like the owner's and are not read, since they stand where an app's own do. */
  notRead: (claims: JWTPayload) => OwnerField[]
}
