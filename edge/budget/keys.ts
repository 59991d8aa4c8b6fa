/**
 * Every key that the budget keeps in Redis. Account, key and request ids may hold any character: each Redis key ends
 * with one id, or with an id and a window's name of fixed form, so no two of them can meet.
 *
 * | key | value | lifetime |
 * |---|---|---|
 * | `twohop:account:{account}` | hash, see accounts.ts | forever, written by administration |
 * | `twohop:key:{key}` | hash, see edge/keys/port.ts | 30 d after the key's end |
 * | `twohop:budget:{account}:minute:{UTC minute}` | hash, see windows.lua.ts | window's end + 2 h |
 * | `twohop:budget:{account}:day:{UTC day}` | the same | window's end + 26 h |
 * | `twohop:budget:{account}:month:{UTC month, or first day}` | the same | window's end + 26 h |
 * | `twohop:project:day:{UTC day}`, `twohop:project:month:{UTC month}` | the same | window's end + 26 h |
 * | `twohop:leases:{account}` | sorted set: request id by its lease's expiry in ms | 1 h after the last grant |
 * | `twohop:reservation:{request}` | hash, see reserve.lua.ts | open 7 d, swept 24 h, settled 1 h |
 * | `twohop:idempotency:{SHA-256}` | hash, see edge/idempotency/record.lua.ts | the lease; answered 24 h |
 * | `twohop:open` | sorted set: every open request id by its lease's expiry in ms | 7 d after the last grant |
 * | `twohop:events` | stream of usage events, see settlement.lua.ts | until the ledger has them |
 * | `twohop:reads:{reader}:{minute}` | counter of @upstash/ratelimit | 1 min |
 */
export const KEYS = { open: 'twohop:open', events: 'twohop:events', reads: 'twohop:reads' } as const

export const ACCOUNT_PREFIX = 'twohop:account:'
export const API_KEY_PREFIX = 'twohop:key:'
export const RESERVATION_PREFIX = 'twohop:reservation:'
/** Followed by the SHA-256 of whose idempotency key it is and the key itself: a client's text names no Redis key. */
export const IDEMPOTENCY_PREFIX = 'twohop:idempotency:'
export const LEASES_PREFIX = 'twohop:leases:'
/** Followed by the account, a colon and a window's name, such as `minute:2026-11-21T10:59`. */
export const BUDGET_PREFIX = 'twohop:budget:'
/** Followed by a window's name. */
export const PROJECT_PREFIX = 'twohop:project:'

export const accountKey = (account: string) => `${ACCOUNT_PREFIX}${account}`
export const apiKeyKey = (id: string) => `${API_KEY_PREFIX}${id}`
export const idempotencyKey = (id: string) => `${IDEMPOTENCY_PREFIX}${id}`
export const reservationKey = (requestId: string) => `${RESERVATION_PREFIX}${requestId}`

const HOUR = 3_600_000

/** The longest lease that a request can ask for, in milliseconds. */
export const MAX_LEASE_MS = HOUR

/** The longest lease of a job, in milliseconds: 24 h for its work, and an hour for its settlement. */
export const MAX_JOB_LEASE_MS = 25 * HOUR

/** Milliseconds for which a minute's counters outlive it: the longest lease that began in it, and an hour to be swept. */
export const MINUTE_KEPT_MS = MAX_LEASE_MS + HOUR

/** The same of days and months, in which jobs are held too. */
export const WINDOW_KEPT_MS = MAX_JOB_LEASE_MS + HOUR

/** Milliseconds in which an open reservation must be settled or swept: so long may the sweep be out of order. */
export const OPEN_KEPT_MS = 7 * 24 * HOUR

/** Milliseconds in which a reservation charged by the sweep can still be corrected by its late settlement. */
export const SWEPT_KEPT_MS = 24 * HOUR

/** Milliseconds for which a settled id is barred: much longer than any request or settlement can be on its way. */
export const SETTLED_KEPT_MS = HOUR

/** Milliseconds for which the answer to an idempotency key is given again. */
export const ANSWER_KEPT_MS = 24 * HOUR

/** Milliseconds for which an ended API key is still told from one that never was. */
export const ENDED_KEY_KEPT_MS = 30 * 24 * HOUR
