/**
 * Every key that the edge keeps in Redis. The keys of jobs belong to both hops: shared/jobs/record.ts.
 *
 * Account, key and request ids may hold any character. Each Redis key ends with one id, or with an id and a window's
 * name of fixed form, so no two of them can meet.
 *
 * | key | value | lifetime |
 * |---|---|---|
 * | `twohop:account:{account}` | hash, see edge/budget/accounts.ts; administration writes it | see edge/budget/record-life.lua.ts |
 * | `twohop:key:{key}` | hash, see edge/api-keys/port.ts; the reservation reads it too | 30 d after the key's end; of revoked ones the newest, see edge/api-keys/bounds.ts |
 * | `twohop:budget:{account}:minute:{UTC minute}` | hash, see edge/budget/windows.lua.ts | window's end + 1 min |
 * | `twohop:budget:{account}:day:{UTC day}` | the same | window's end + 26 h |
 * | `twohop:budget:{account}:month:{UTC month, or first day}` | the same | window's end + 26 h |
 * | `twohop:month:{account}` | first day and end of its month (days since the epoch), and its name | month's end + 32 d |
 * | `twohop:project:day:{UTC day}`, `twohop:project:month:{UTC month}` | the same | window's end + 26 h |
 * | `twohop:leases:{account}` | sorted set: request id by its lease's expiry in ms | 1 h after the last grant |
 * | `twohop:reservation:{request}` | hash, see edge/budget/reserve.lua.ts | open 7 d, swept 24 h, settled 1 h |
 * | `twohop:idempotency:{SHA-256}` | hash, see idempotency-record.lua.ts | the lease; answered 24 h, acts 1 h, beyond the bound 10 min |
 * | `twohop:open` | sorted set: every open request id by its lease's expiry in ms | 7 d after the last grant |
 * | `twohop:events` | stream of usage events, see edge/budget/settlement.lua.ts | until the ledger has them; the newest, see edge/ledger/bounds.ts |
 * | `twohop:usage:{account}:{month}` | hash: sums of events that were rolled up, by model | 400 d after the last |
 * | `twohop:history:{account}:{UTC month}` | hash: sums by day, task and model, see edge/stats/daily-sums.lua.ts | 93 d after its last day with a request |
 * | `twohop:latest:{account}` | text: its latest requests, a line each, without what was asked and answered | 93 d after the last |
 * | `twohop:stats:{UTC month}` | hash: the same sums of all accounts, with errors and times | 93 d after its last day with a request |
 * | `twohop:metrics` | hash: the same since ever, by task, version and model, for `GET /metrics` | for ever |
 * | `twohop:top:{UTC day}` | sorted set: accounts by the units that they used in a day | 93 d after the last account in it |
 * | `twohop:reads:{reader}:{minute}` | counter of @upstash/ratelimit | 1 min |
 * | `twohop:keys:{account}` | sorted set: the account's working key ids by their end in ms, revoked ones by minus that | 1 y after the last new key |
 * | `twohop:keys-new:{account}` | how many keys it has made | 24 h after the first of them |
 * | `twohop:audit` | stream: `actor`, `action`, `target`, `reason`, `detail` (JSON) | the newest 10,000, and what the ledger lacks; 50,000 at most |
 * | `twohop:anomaly:{credential}` | hash, see edge/budget/anomaly.lua.ts | 30 d after the last request of a plan that watches |
 * | `twohop:anomaly-network:{hash}` | sorted set: accounts by their last request in ms | 1 d after the last new one |
 * | `twohop:anomalies` | sorted set: credentials by when they were last found (ms), the newest 200 | 30 d after the last |
 * | `twohop:cache:{account}:{SHA-256}` | an answer that is given again: units, and the answer (encrypted) | as its model says, 24 h at most |
 * | `twohop:cache-bytes:{account}:{day}` | bytes of answers that were taken in on that day; without an account, of all | 24 h |
 * | `twohop:catalog` | hash: `version`, `catalog` (JSON, empty for the deployed one) | for ever |
 * | `twohop:catalogs` | hash: version -> time (ms) and catalog, the newest 20 | for ever |
 * | `twohop:feedback` | stream: `account`, `request_id`, `score`, `text` | until the ledger has it; the newest 5,000 |
 * | `twohop:prompts` | sorted set: prompts without what guards find, JSON, by their time in ms, with `LOG_PROMPTS=redacted` | `LOG_PROMPTS_HOURS`; the newest `LOG_PROMPTS_MOST` |
 * | `twohop:acts:{who}:{minute}` | counter of @upstash/ratelimit | 1 min |
 */
export const REDIS_KEYS = { open: 'twohop:open', events: 'twohop:events', reads: 'twohop:reads' } as const

export const ACCOUNT_PREFIX = 'twohop:account:'
export const API_KEY_PREFIX = 'twohop:key:'
export const RESERVATION_PREFIX = 'twohop:reservation:'
/** Followed by the SHA-256 of the idempotency key and its owner: a client's text never names a redis key. */
const IDEMPOTENCY_PREFIX = 'twohop:idempotency:'
export const LEASES_PREFIX = 'twohop:leases:'
/** Followed by the account, a colon and a window's name, such as `minute:2026-11-21T10:59`. */
export const BUDGET_PREFIX = 'twohop:budget:'
/** Followed by the account, a colon and a month's name. */
export const USAGE_PREFIX = 'twohop:usage:'
/** Followed by an account. */
export const MONTH_PREFIX = 'twohop:month:'
/** Followed by a window's name. */
export const PROJECT_PREFIX = 'twohop:project:'

/** Followed by the account, a colon and a UTC month. */
export const HISTORY_PREFIX = 'twohop:history:'
/** Followed by an account. */
export const LATEST_PREFIX = 'twohop:latest:'
/** Followed by a UTC month. */
export const STATS_PREFIX = 'twohop:stats:'
/** Where `GET /metrics` is on. */
export const METRICS_KEY = 'twohop:metrics'
/** Followed by a UTC day. */
export const TOP_PREFIX = 'twohop:top:'

export const accountRedisKey = (account: string) => `${ACCOUNT_PREFIX}${account}`
export const apiKeyRedisKey = (id: string) => `${API_KEY_PREFIX}${id}`
export const idempotencyRedisKey = (id: string) => `${IDEMPOTENCY_PREFIX}${id}`
export const reservationRedisKey = (requestId: string) => `${RESERVATION_PREFIX}${requestId}`

export const AUDIT_STREAM = 'twohop:audit'
/** Followed by an account, or by nothing where it is for all, a colon and a keyed hash. */
export const CACHE_PREFIX = 'twohop:cache:'
export const CACHE_BYTES_PREFIX = 'twohop:cache-bytes:'
export const CATALOG_KEY = 'twohop:catalog'
export const CATALOGS_KEY = 'twohop:catalogs'
export const FEEDBACK_STREAM = 'twohop:feedback'
export const PROMPTS_KEY = 'twohop:prompts'
export const ACTS_PREFIX = 'twohop:acts'
export const API_KEYS_PREFIX = 'twohop:keys:'
/** Followed by an account. */
export const NEW_API_KEYS_PREFIX = 'twohop:keys-new:'
export const apiKeysRedisKey = (account: string) => `${API_KEYS_PREFIX}${account}`

/** Followed by `account:` and an account, or `key:` and the id of an API key. */
export const ANOMALY_PREFIX = 'twohop:anomaly:'
/** Followed by a keyed hash of a network: an address is never stored. */
export const ANOMALY_NETWORK_PREFIX = 'twohop:anomaly-network:'
/** Credentials by when their score was last one that their plan acts on. A key's name has its account after a space. */
export const ODD_KEY = 'twohop:anomalies'
/** A credential by whose use it is scored: an API key, or all tokens of an account. */
export const credentialOf = (account: string, key: string) => (key ? `key:${key}` : `account:${account}`)
