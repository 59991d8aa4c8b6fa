/**
 * A text without NUL and without half of a surrogate pair. Postgres stores neither in text or JSON
 * (postgresql.org/docs/17/datatype-json.html): it refuses a call that has one, so the ledger would set an event or an act
 * aside. UTF-8 has no half of a pair, so two such texts would share a Redis key.
 */
export const STORABLE = /^[^\0\p{Surrogate}]*$/u

/** What STORABLE lets in, for words that follow "text". */
export const WITHOUT_UNSTORABLE = 'without NUL and without half of a surrogate pair'
