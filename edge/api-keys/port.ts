import type { Act } from '../audit/port.ts'
import type { Payer } from '../budget/port.ts'

/**
 * An API key as it is stored: a Redis hash. The reservation reads `account`, `secret_hash`, `scopes` (separated by
 * spaces), `expires_at` (ms), `revoked` and `plan` (edge/budget/accounts.ts). The other fields are `name`, `made_by`,
 * `created_at` and `last_used_at` (ms).
 */
export type ApiKey = {
  id: string
  account: string
  name: string
  /** SHA-256 of the secret, in hex. The secret itself is kept nowhere. */
  secretHash: string
  scopes: readonly string[]
  /** The account's plan by its token when the key was made, unless its record names one; undefined for the default. */
  plan: string | undefined
  /** The key that made this one; this one ends with it. Undefined for a key that a user made. */
  madeBy: string | undefined
  /** Milliseconds since the epoch, as all times here. */
  createdAt: number
  expiresAt: number
  /** The time of the last admitted request. */
  lastUsedAt: number | undefined
  revoked: boolean
}

/** A key to be made. Who asks for it owns it: its account, and the key that made it, are the caller's. */
export type NewApiKey = Omit<ApiKey, 'account' | 'madeBy' | 'createdAt' | 'lastUsedAt' | 'revoked'>

/** The result of a revocation: the key, and the keys that it had made. */
export type Revocation = {
  key: { id: string; account: string; name: string; scopes: readonly string[] }
  /** False where the key had ended before, so that nothing changed. */
  revoked: boolean
  alsoRevoked: readonly string[]
}

/** Proof of the right to revoke a key: a caller of its account, or its secret. */
export type RevokeBy = { caller: Payer } | { secretHash: string }

/**
 * The store of API keys. A change, its row in the audit log and the look at the caller's own records are one atomic step,
 * so that no key comes from a key that is being revoked. Every method throws TwohopError `store_unavailable` where the store
 * does not answer; those that change something, BudgetRefused why the caller may not.
 */
export type ApiKeyStore = {
  /**
   * @returns when it was made; undefined where the account has MAX_API_KEYS working keys already
   * @throws TwohopError rate_limited where it has made MAX_NEW_API_KEYS in a day
   */
  create(key: NewApiKey, caller: Payer, act: Act): Promise<number | undefined>
  get(id: string): Promise<ApiKey | undefined>
  /** The account's working keys, ordered by their end, the earliest first. */
  list(account: string): Promise<ApiKey[]>
  /** Ends a key and the keys that it made, from their next request on; undefined where there is no such key. */
  revoke(id: string, by: RevokeBy, act: Act): Promise<Revocation | undefined>
}
