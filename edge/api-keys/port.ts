import type { Act } from '../audit/port.ts'

/**
 * An API key as it is kept: a hash with `account`, `secret_hash`, `scopes` (with spaces between), `expires_at` (ms),
 * `revoked`, `plan`, which the reservation reads (edge/budget/accounts.ts), and `name`, `made_by`, `created_at`,
 * `last_used_at` (ms).
 */
export type ApiKey = {
  id: string
  account: string
  name: string
  /** SHA-256 of the secret, in hex. The secret itself is kept nowhere. */
  secretHash: string
  scopes: readonly string[]
  /** The plan that the account has by its token, where its record names none; undefined for the default plan. */
  plan: string | undefined
  /** The key that made this one, and with which it ends; undefined where a user did. */
  madeBy: string | undefined
  /** Milliseconds since the epoch, as all times here. */
  createdAt: number
  expiresAt: number
  /** Of the last request that was admitted. */
  lastUsedAt: number | undefined
  revoked: boolean
}

export type NewApiKey = Omit<ApiKey, 'createdAt' | 'lastUsedAt' | 'revoked'>

/** What ended: the key, and those that it had made. */
export type Revocation = {
  key: { id: string; account: string; name: string; scopes: readonly string[] }
  /** False where it had ended before, so that nothing changed. */
  revoked: boolean
  alsoRevoked: readonly string[]
}

/** By whose leave a key is revoked: its account's, or that of whoever presents the secret. */
export type RevokeBy = { account: string } | { secretHash: string }

/**
 * The store of API keys. A change and its row in the audit log are one atomic step. Every method throws TwohopError
 * `store_unavailable` where the store does not answer.
 */
export type ApiKeyStore = {
  /** @returns when it was made; undefined where the account has MAX_API_KEYS working keys already */
  create(key: NewApiKey, act: Act): Promise<number | undefined>
  get(id: string): Promise<ApiKey | undefined>
  /** The account's working keys, those that end first first. */
  list(account: string): Promise<ApiKey[]>
  /** Ends a key and those that it made with effect on their next request; undefined where there is no such key. */
  revoke(id: string, by: RevokeBy, act: Act): Promise<Revocation | undefined>
}
