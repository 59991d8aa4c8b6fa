import type { Entitlement } from '../access/entitlement.ts'
import type { Whence } from '../budget/anomaly.ts'
import type { Refusal, Reservation, ReserveRequest, Spender } from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import type { WebhookEvent } from '../notify/webhook.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage } from '../upstream/port.ts'

type Options = {
  log: Log
  now: () => number
  /** Tells the operator of an account that its score has suspended. Must not throw. */
  tell: (event: WebhookEvent) => Promise<unknown>
  /** Does what follows the suspension of a spender's account, as for one by an administrator. Must not throw. */
  suspended: (spender: Spender, why: string) => Promise<unknown>
}

/** How the plan watches a credential that asks from there. */
export async function watchedBy(
  { abuse }: Entitlement['plan'],
  whence: () => Promise<Whence>,
): Promise<ReserveRequest['watched']> {
  if (!abuse || abuse.action === 'off') return undefined
  return { action: abuse.action, at: abuse.at, ...(await whence()) }
}

/** Whether all the output was used that the request might have. */
export function isMaxed({ worst }: Work, used: HostUsage): boolean {
  return worst.outputTokens > 0 && used.outputTokens >= worst.outputTokens
}

/** Tells of a credential whose score is as high as its plan looks at: a line of the log, and the webhook where it was suspended. */
export function createTellOdd({ log, now, tell, suspended }: Options) {
  return function tellOdd(
    requestId: string,
    spender: Spender,
    account: string,
    { anomaly, ...decision }: Reservation | Refusal,
    background: (task: Promise<unknown>) => void,
  ): void {
    if (!anomaly) return
    const code = 'code' in decision ? decision.code : undefined
    const said = { score: anomaly.score, why: anomaly.why }
    // Whose a refused API key is, nobody has said here. Its id is ours, and the store has just known it.
    const detail = { ...said, ...('key' in spender && { key: spender.key }) }
    background(log('warn', 'anomaly', { requestId, account, ...(code && { code }), detail }))
    if (code !== 'account_suspended') return
    background(suspended(spender, anomaly.why))
    // Of an API key the record alone says whose it is; the audit has who made it.
    const data = { ...('key' in spender ? { key: spender.key } : { account }), ...said }
    background(tell({ id: requestId, type: 'account.suspended', at: now(), data }))
  }
}
