/** A verified caller. Everything in it comes from claims that only the project's owner can set. */
export type Principal = {
  issuer: 'firebase' | 'supabase'
  /** Firebase project id, or the Supabase project's URL without its scheme. */
  project: string
  subject: string
  /** When the token was issued (`iat`), in seconds since the epoch. */
  issuedAt: number
  /** Signed in without any proof of identity: such users cost nothing to create. */
  anonymous: boolean
  /** False only where the token carries an e-mail address that nobody has proved. */
  emailVerified: boolean
  /** Plan named by the owner, or undefined for the default plan. */
  plan: string | undefined
  status: 'active' | 'suspended'
  roles: readonly string[]
  /** Scopes that narrow the plan's, or undefined for all of the plan's. */
  scopes: readonly string[] | undefined
}

/**
 * An API key whose form is right. Only the store knows whether the key exists, whose it is and what it may do; the
 * reservation asks it.
 */
export type PresentedApiKey = {
  issuer: 'key'
  id: string
  /** SHA-256 of the secret, in hex. */
  secretHash: string
}

/** A verified user or a presented API key. */
export type Credential = Principal | PresentedApiKey

/**
 * Turns a bearer token into a principal.
 * @throws TwohopError with a `token_*` code, or keys_unavailable
 */
export type VerifyToken = (token: string) => Promise<Principal>

/**
 * Turns a bearer token or an API key into a credential.
 * @throws what VerifyToken throws; TwohopError key_invalid
 */
export type Authenticate = (credential: string) => Promise<Credential>

/** The account that a principal spends for, as one string: `firebase:my-project:uid`. */
export function accountOf(principal: Principal): string {
  return `${principal.issuer}:${principal.project}:${principal.subject}`
}
