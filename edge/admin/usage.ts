import type { BudgetWindow } from '../budget/port.ts'

/** What an account has used, in units, as administration sees it. */
export type AccountUsage = {
  running: number
  requestsThisMinute: number
  /**
   * `limit` is the budget of the plan that is set for the account, else the one that the window's last request was checked against:
   * undefined before the first. In day and month it includes what a grant adds.
   */
  budgets: Record<BudgetWindow, { limit: number | undefined; used: number; held: number; resetMs: number }>
}

/** What the catalog says of an account's plan. */
export type KnownPlan = {
  /** For an account whose record has none; 1 for the calendar's months. */
  billingDay: number
  /** Units a minute, day and month; undefined where the plan is the token's, which only a request tells. */
  budgets: Record<BudgetWindow, number> | undefined
}

/**
 * Reads an account's counters whatever its status.
 * @throws TwohopError store_unavailable
 */
export type ReadUsage = (account: string, plan: KnownPlan) => Promise<AccountUsage>
