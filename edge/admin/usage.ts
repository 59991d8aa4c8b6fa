import type { BudgetWindow } from '../budget/port.ts'

/** What an account has used, as administration sees it. */
export type AccountUsage = {
  running: number
  requestsThisMinute: number
  /** `limit` is the budget that the window's last request was held to, extra units aside; undefined before any. */
  budgets: Record<BudgetWindow, { limit: number | undefined; used: number; held: number; resetMs: number }>
}

/**
 * Reads an account's counters whatever its status is.
 * @param billingDay the plan's, where the account's record has none; 1 for the calendar's months
 * @throws TwohopError store_unavailable
 */
export type ReadUsage = (account: string, billingDay: number) => Promise<AccountUsage>
