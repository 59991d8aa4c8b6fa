/** A verified caller. Everything in it comes from claims that only the project's owner can set. */
export type Principal = {
  issuer: 'firebase' | 'supabase'
  /** Firebase project id, or the Supabase project's URL without its scheme. */
  project: string
  subject: string
  /** Signed in without any proof of who they are: such users cost nothing to make. */
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

/** Turns a bearer token into a principal, or throws a TwohopError with a `token_*` code or `keys_unavailable`. */
export type VerifyToken = (token: string) => Promise<Principal>

/** The account that a principal spends for, as one string: `firebase:my-project:uid`. */
export function accountOf(principal: Principal): string {
  return `${principal.issuer}:${principal.project}:${principal.subject}`
}
