import type { BudgetWindow } from '../budget/port.ts'

/** What an account has used, in units, as administration sees it. */
export type AccountUsage = {
  running: number
  requestsThisMinute: number
  /**
   * `limit` is the budget that the window's last request was checked against, without extra units; undefined before the
   * first request.
   */
  budgets: Record<BudgetWindow, { limit: number | undefined; used: number; held: number; resetMs: number }>
}

/**
 * Reads an account's counters whatever its status.
 * @param billingDay the plan's billing day, for an account whose record has none; 1 for the calendar's months
 * @throws TwohopError store_unavailable
 */
export type ReadUsage = (account: string, billingDay: number) => Promise<AccountUsage>
