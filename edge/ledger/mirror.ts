import type { LoggedAct } from './act.ts'

/** An account as administration set it; times in the units of Redis. */
export type MirroredAccount = {
  id: string
  status: 'active' | 'suspended'
  plan_id: string | null
  billing_day: number | null
  /** Seconds since the epoch. */
  revoked_before: number | null
  extra_units: number | null
  /** Milliseconds since the epoch. */
  extra_until: number | null
}

/** An API key without its secret; times in milliseconds since the epoch. */
export type MirroredApiKey = {
  key_id: string
  account_id: string
  name: string
  prefix: string
  /** SHA-256 of the secret, in hex. */
  hash: string
  scopes: readonly string[]
  made_by: string | null
  created_at: number
  expires_at: number
  last_used_at: number | null
  revoked_at: number | null
  /** The reason given, or else the act: `key.revoke`, `key.leaked`. */
  revoked_reason: string | null
}

/** Accounts and keys as they were at `readAt` (ms). */
export type Mirror = { accounts: MirroredAccount[]; apiKeys: MirroredApiKey[]; readAt: number }

/**
 * Reads the present state of the accounts and API keys that acts were about, not what each act made of them. So an act
 * that comes twice or late undoes nothing.
 * @throws TwohopError store_unavailable
 */
export type ReadMirror = (acts: readonly LoggedAct[]) => Promise<Mirror>
