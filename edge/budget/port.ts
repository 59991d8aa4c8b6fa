/** What an account may spend, from its plan. Budgets are units per UTC minute, day and month. */
export type Limits = {
  requestsPerMinute: number
  concurrent: number
  budgets: { minute: number; day: number; month: number }
}

export type BudgetWindow = 'minute' | 'day' | 'month'
export const BUDGET_WINDOWS: readonly BudgetWindow[] = ['minute', 'day', 'month']

export type ReserveRequest = {
  requestId: string
  account: string
  /** The request's worst case in units. */
  units: number
  limits: Limits
  /** How long the request may take, in milliseconds: afterwards the lease frees itself and the sweep charges the hold. */
  leaseMs: number
  /** For the usage event, should the sweep have to write it. */
  model: string
  task: string
  plan: string
}

/** How much of each limit is left after the decision. */
export type Allowance = {
  requests: { limit: number; remaining: number; resetMs: number }
  budgets: Record<BudgetWindow, { limit: number; used: number; held: number; resetMs: number }>
}

export type Reservation = { granted: true; allowance: Allowance }

export type Refusal = {
  granted: false
  code: 'account_suspended' | 'rate_limited' | 'too_many_concurrent' | 'budget_exhausted'
  /** The window that is exhausted, with `budget_exhausted`. */
  window: BudgetWindow | undefined
  /** When the same request may fit, in milliseconds from now; undefined where waiting alone does not help. */
  retryAfterMs: number | undefined
  allowance: Allowance | undefined
}

/** How a request ended. `unsettled` is the sweep's: nobody reported, so the whole hold was charged. */
export type Outcome = 'ok' | 'cancelled' | 'failed' | 'refused' | 'unsettled'

export type Settlement = {
  requestId: string
  account: string
  /** Units really used: 0 where nothing was computed. */
  units: number
  promptTokens: number
  outputTokens: number
  computeMs: number
  outcome: Outcome
}

export type UsageReport = {
  allowance: Allowance
  concurrent: { limit: number; running: number }
}

/**
 * Reservations against a shared store. Every method throws TwohopError `store_unavailable` when the store does not
 * answer in time or answers with an error: nothing is ever admitted by a silent store.
 */
export type Budget = {
  /**
   * Checks every limit and holds the worst case, atomically, in one round trip. A refused request changes nothing.
   * @throws TwohopError `internal` when the request id was used before, be it only by its settlement
   */
  reserve(request: ReserveRequest): Promise<Reservation | Refusal>
  /**
   * Replaces the hold by what was used, frees the lease and writes the usage event, atomically and once per request
   * id. True when this call did it, false when it was done before. A settlement that comes before its reservation
   * (whose answer was lost) bars that reservation. More units than were reserved are charged as reserved.
   */
  settle(settlement: Settlement): Promise<boolean>
  /** Charges in full up to `most` reservations whose lease ran out; returns how many were charged. */
  sweep(most: number): Promise<number>
  /**
   * The account's counters now; changes nothing but the read limit's own counter.
   * @throws TwohopError `rate_limited` when the account reads too often
   */
  usage(account: string, limits: Limits): Promise<UsageReport>
}
