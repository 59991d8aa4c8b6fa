import type { Context } from 'hono'
import type { Finding } from '../guard/policy.ts'
import type { Log } from '../log/port.ts'
import type { Env } from './env.ts'

/** Writes what guards find in a request or its answer into the log: the rule and the way it went, never the text. */
export function findingsTo(log: Log, c: Context<Env>): (finding: Finding) => void {
  return ({ blocked, masked, ...detail }) => {
    const { requestId, account } = c.var
    const event = blocked ? 'guard_blocked' : masked ? 'guard_masked' : 'guard_flagged'
    c.env.background(log('info', event, { requestId, account, detail }))
  }
}
