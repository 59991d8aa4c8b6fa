/**
 * How many entries the streams in Redis hold at most. An event takes some 280 bytes of memory, an act up to 2 kB.
 *
 * Without a ledger the newest events are kept for whoever looks for one, and the rest as sums. With a ledger they wait
 * for it, much longer than any outage should last.
 */
export const EVENTS_KEPT_WITHOUT_LEDGER = 100_000

/** Acts that wait for the ledger, or that are there without one. */
export const ACTS_MOST = 50_000

/** Feedback that waits for the ledger, or that is there without one; the oldest goes first. */
export const FEEDBACK_MOST = 5000

/** The share of a bound from which on the operator is told. */
export const NEAR = 0.5
