import type { Measured } from '../stats/measured.ts'
import type { Anomaly, Watched } from './anomaly.ts'

/** What an account may spend, from its plan. Budgets are units per UTC minute, UTC day and month. */
export type Limits = {
  requestsPerMinute: number
  concurrent: number
  budgets: { minute: number; day: number; month: number }
  /** Day of the month, 1 to 31, on which the account's month begins; in shorter months their last day. Default 1. */
  billingDay?: number | undefined
}

export type BudgetWindow = 'minute' | 'day' | 'month'
export const BUDGET_WINDOWS: readonly BudgetWindow[] = ['minute', 'day', 'month']

/** What the whole deployment may spend in a UTC day and month, in units; undefined for no cap. */
export type ProjectBudgets = { day?: number | undefined; month?: number | undefined }

/**
 * Who pays. The edge has verified a token. The store verifies an API key by its secret's SHA-256, in the same step that
 * reserves; the key's record names the account.
 */
export type Payer =
  | {
      account: string
      /** When the token was issued, in seconds since the epoch. */
      issuedAt: number
    }
  | {
      key: string
      /** Hex. */
      secretHash: string
      /** The scopes that the request needs, separated by spaces; empty for none. */
      scope: string
    }

export type Spender = Payer & {
  /** The plan that the credential itself names, or the default one. The account's record may override it. */
  plan: string
}

export type ReserveRequest = {
  requestId: string
  spender: Spender
  /** The request's worst case in units. */
  units: number
  /** The plan that `limits` are of. */
  plan: string
  limits: Limits
  /** How long the request may take, in milliseconds. Then the lease frees itself and the sweep charges the hold. */
  leaseMs: number
  /** The model and the task are for the usage event, in case the sweep has to write it. */
  model: string
  /** The model's version, where it has versions and the version is known. */
  version?: string | undefined
  task: string
  /** Set where the caller sent an `Idempotency-Key`. */
  idempotency?: Idempotency | undefined
  /** Set where the plan watches credentials. */
  watched?: Watched | undefined
  /** Set where an answer of before may be given again. */
  cache?: CacheRequest | undefined
}

/** An answer that may be given again. */
export type CacheRequest = {
  /** Hex: a keyed hash of all that the answer depends on, but for the account. */
  name: string
  /** Per cent of what it cost first. */
  share: number
  /** Whether it may be another account's. */
  forAll: boolean
  /** Milliseconds for which it is kept. */
  lifeMs: number
}

/** A request that must not be done twice. */
export type Idempotency = {
  /** Hex: hash of the key and its owner. Names the record. */
  id: string
  /** Hex: SHA-256 of the request. */
  body: string
}

/** How much of each limit is left after the decision. A budget's limit includes what is left of a grant. */
export type Allowance = {
  requests: { limit: number; remaining: number; resetMs: number }
  budgets: Record<BudgetWindow, { limit: number; used: number; held: number; resetMs: number }>
}

export type Reservation = {
  granted: true
  account: string
  allowance: Allowance
  /** Set where the credential's score is as high as the plan looks at, and the plan lets it pass. */
  anomaly?: Anomaly | undefined
  /** An answer that is given again, as it was kept, and what it costs: so much is held instead of the worst case. */
  cached?: { answer: string; units: number } | undefined
}

/** Refusals of the spender itself: it may not spend at all, whatever the limits are. */
export const SPENDER_REFUSALS = [
  'account_suspended',
  'token_revoked',
  'key_invalid',
  'key_revoked',
  'key_expired',
  'scope_missing',
] as const
export type SpenderRefusal = (typeof SPENDER_REFUSALS)[number]

export type Refusal = {
  granted: false
  code:
    | SpenderRefusal
    | 'challenge_required'
    | 'rate_limited'
    | 'too_many_concurrent'
    | 'too_many_jobs'
    | 'job_storage_full'
    | 'job_store_full'
    | 'jobs_not_served'
    | 'budget_exhausted'
    | 'budget_minute_exhausted'
    | 'project_budget_exhausted'
  /** The exhausted window, where the refusal is about a budget. */
  window: BudgetWindow | undefined
  /** When the same request may fit, in milliseconds from now; undefined where waiting alone does not help. */
  retryAfterMs: number | undefined
  allowance: Allowance | undefined
  /** Set where the score of the credential is why it was refused, at this very request. */
  anomaly?: Anomaly | undefined
}

/** A request with the same idempotency key came before; nothing was held. */
export type SaidBefore =
  | { granted: false; code: 'answered'; answer: string }
  | { granted: false; code: 'idempotency_in_progress' | 'idempotency_key_reused' }

/** The account has another plan than the one whose limits were sent; nothing was held. */
export type OtherPlan = { granted: false; code: 'plan_is'; plan: string }

/** How a request ended. `unsettled` is the sweep's: nobody reported, so the whole hold was charged. */
export type Outcome = 'ok' | 'cancelled' | 'failed' | 'refused' | 'unsettled'

/** What a usage event says of a request beside its cost. */
export type Reserved = {
  account: string
  /** The worst case that was held. */
  units: number
  plan: string
  model: string
  version?: string | undefined
  task: string
  /** Id of the API key, empty for a token. */
  key: string
  billingDay?: number | undefined
}

export type Settlement = {
  requestId: string
  /** For the usage event, in case the store has lost the reservation. */
  reserved: Reserved
  /** Units used; 0 where nothing was computed. */
  units: number
  promptTokens: number
  outputTokens: number
  computeMs: number
  outcome: Outcome
  /** Whether the answer was as long as it might; undefined where the plan watches nobody. */
  maxed?: boolean | undefined
  /** How long it took; undefined where nobody waited for it. */
  measured?: Measured | undefined
  /**
   * Set where the request has an idempotency key. `answer` is what a repetition gets. Without it, a repetition is a new
   * attempt.
   */
  idempotency?: { id: string; answer?: string | undefined } | undefined
  /** An answer to be given again, as it is kept. */
  cache?: { request: CacheRequest; answer: string } | undefined
}

/** Shares of a budget, in per cent, that are reported when they are used. */
export const THRESHOLDS = [50, 80, 100] as const

/**
 * A share of a budget that a charge has used up. Each is reported once in the life of a window, to one caller, and not
 * again if that reply is lost.
 */
export type Crossing = {
  /** The account of the budget; undefined for the project's. */
  account: string | undefined
  window: 'day' | 'month'
  /** The window's name: `2026-11-21`, or `2026-11`, or the first day of a month that has a billing day. */
  period: string
  percent: (typeof THRESHOLDS)[number]
  used: number
  limit: number
}

export type UsageReport = {
  account: string
  allowance: Allowance
  concurrent: { limit: number; running: number }
}

/**
 * Reservations against a shared store. Every method throws TwohopError `store_unavailable` when the store does not
 * answer in time or answers with an error: nothing is ever admitted by a silent store.
 */
export type Budget = {
  /**
   * Checks the spender's records and every limit, and holds the worst case, atomically, in one round trip. A refused
   * request changes nothing.
   * @throws TwohopError `internal` when the request id was used before, even if only by its settlement
   */
  reserve(request: ReserveRequest): Promise<Reservation | Refusal | OtherPlan | SaidBefore>
  /**
   * Replaces the hold by what was used, frees the lease and writes the usage event, atomically and once per request id.
   * `settled` is false when that was done before.
   *
   * A settlement that arrives before its reservation bars the reservation. More units than were reserved are charged as
   * reserved. If the store has lost the reservation and its counters, the used units still become a usage event.
   */
  settle(settlement: Settlement): Promise<{ settled: boolean; crossed: Crossing[] }>
  /** Charges in full up to `most` reservations whose lease ran out. */
  sweep(most: number): Promise<{ charged: number; crossed: Crossing[] }>
  /**
   * The plan that an account's record names, whatever its token says; undefined where it names none.
   * @throws TwohopError why the account may not spend at all
   */
  plan(payer: Payer): Promise<string | undefined>
  /**
   * The account's counters now. Changes nothing but the counter of the read limit.
   * @throws TwohopError `rate_limited` when the caller reads too often, or why it may not spend at all
   */
  usage(spender: Spender, plan: string, limits: Limits): Promise<UsageReport | OtherPlan>
}

/**
 * A name for a spender, for what the edge remembers of it. No two spenders share one; a key with a wrong secret has a
 * name of its own.
 */
export function spenderId(payer: Payer): string {
  return 'account' in payer ? payer.account : JSON.stringify([payer.key, payer.secretHash])
}
