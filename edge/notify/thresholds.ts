import type { Crossing } from '../budget/port.ts'
import type { WebhookEvent } from './webhook.ts'

/**
 * One event for each threshold that was crossed. The id is made of what was crossed, so that a repetition has the same
 * id. The account may hold any character, so it comes last and no two ids can be equal.
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
