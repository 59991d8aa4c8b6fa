/** How long things are kept in Redis, in milliseconds. Names of the keys: edge/store/redis-keys.ts. */

const HOUR = 3_600_000

/** Milliseconds after which a token is refused, whatever end it names. A revocation of tokens is remembered for longer. */
export const MAX_TOKEN_AGE_MS = 366 * 24 * HOUR

/** The longest lease that a request can ask for, in milliseconds. */
export const MAX_LEASE_MS = HOUR

/** The longest lease of a job, in milliseconds: 24 h for its work, and an hour for its settlement. */
export const MAX_JOB_LEASE_MS = 25 * HOUR

/**
 * Milliseconds that a minute's counters outlive it. Nobody reads them once it is over, so what is settled later is left
 * out of them.
 */
export const MINUTE_KEPT_MS = 60_000

/**
 * Milliseconds that the counters of a day and a month outlive it: the longest lease that began in it, of a job, and an
 * hour to be swept.
 */
export const WINDOW_KEPT_MS = MAX_JOB_LEASE_MS + HOUR

/** Milliseconds in which an open reservation must be settled or swept. The sweep may be out of order for that long. */
export const OPEN_KEPT_MS = 7 * 24 * HOUR

/** Milliseconds in which a reservation charged by the sweep can still be corrected by its late settlement. */
export const SWEPT_KEPT_MS = 24 * HOUR

/** Milliseconds for which a settled request id cannot reserve again: much longer than a request can be under way. */
export const SETTLED_KEPT_MS = HOUR

/** Milliseconds for which the answer to an idempotency key is given again. */
export const ANSWER_KEPT_MS = 24 * HOUR

/** The same for acts on keys and accounts, which nothing else bounds in a day. */
export const ACT_ANSWER_KEPT_MS = HOUR

/** The same where the account's answers of the day have no more room: the request is done once for so long. */
export const FULL_ANSWER_KEPT_MS = HOUR / 6

/** Milliseconds for which the record of an ended API key is kept, so that it can be told from an unknown one. */
export const ENDED_API_KEY_KEPT_MS = 30 * 24 * HOUR

/** Days that a view of usage may span, and that its sums are kept at least. */
export const HISTORY_DAYS = 92

/** Milliseconds for which sums of usage are kept after the first request of the last day in them. */
export const HISTORY_KEPT_MS = (HISTORY_DAYS + 1) * 24 * HOUR
