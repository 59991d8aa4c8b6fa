import type { JWTPayload } from 'jose'
import type { FindKey } from './jwks.ts'
import type { Principal } from './principal.ts'

/** What the project's owner configures for one issuer whose users may call. */
export type IssuerConfig =
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
}
