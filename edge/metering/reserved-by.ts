import type { Reserved, ReserveRequest } from '../budget/port.ts'

/** What was reserved by a request, as its settlement says it again: Redis may have lost it meanwhile. */
export function reservedBy(request: ReserveRequest, account: string): Reserved {
  const { spender, units, plan, model, version, task, limits } = request
  const key = 'key' in spender ? spender.key : ''
  return { account, units, plan, model, version, task, key, billingDay: limits.billingDay }
}
