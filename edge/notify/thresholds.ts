import type { Crossing } from '../budget/port.ts'
import type { WebhookEvent } from './webhook.ts'

/**
 * One event for each threshold that was crossed. Its id is made of what was crossed, so it is the same whoever sends it;
 * the account, which may hold any character, comes last, so that no two ids can meet.
 * @param at milliseconds since the epoch
 */
export function thresholdEvents(crossed: readonly Crossing[], at: number): WebhookEvent[] {
  return crossed.map(({ account, window, period, percent, used, limit }) => ({
    id: `budget_${period}_${window}_${percent}_${account === undefined ? 'project' : `account_${encodeURIComponent(account)}`}`,
    type: 'budget.threshold_reached',
    at,
    data: {
      scope: account === undefined ? 'project' : 'account',
      ...(account !== undefined && { account }),
      window,
      period,
      percent,
      used,
      limit,
    },
  }))
}
