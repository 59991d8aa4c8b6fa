/**
 * Every key that API keys and administration keep in Redis, beside those of the budget (edge/budget/keys.ts).
 *
 * | key | value | lifetime |
 * |---|---|---|
 * | `twohop:key:{key}` | hash, see port.ts; the reservation reads it too | 30 d after the key's end |
 * | `twohop:keys:{account}` | sorted set: the account's working key ids by their end in ms | 1 y after the last new key |
 * | `twohop:audit` | stream: `actor`, `action`, `target`, `reason`, `detail` (JSON) | the newest 10,000, and what the ledger lacks |
 * | `twohop:acts:{who}:{minute}` | counter of @upstash/ratelimit | 1 min |
 */
export const AUDIT_STREAM = 'twohop:audit'
export const ACTS_PREFIX = 'twohop:acts'
export const ACCOUNT_KEYS_PREFIX = 'twohop:keys:'
export const accountKeysKey = (account: string) => `${ACCOUNT_KEYS_PREFIX}${account}`

const DAY = 86_400_000

/** The longest life of a key, in milliseconds. */
export const MAX_KEY_LIFE_MS = 365 * DAY

/** Working keys that an account may have. */
export const MAX_KEYS = 50
