import { createHash } from 'node:crypto'
import type { Limits, ProjectBudgets, ReserveRequest, Settlement } from '../../edge/budget/port.ts'
import { createUpstashAccounts } from '../../edge/budget/upstash-accounts.ts'
import { apiKeyRedisKey } from '../../edge/store/redis-keys.ts'
import { administered } from '../../test/fixtures/administrator.ts'

/** Accounts that the load is spread over. */
const ACCOUNTS = 1000
const LIMITS: Limits = {
  requestsPerMinute: 1_000_000_000,
  concurrent: 1_000_000_000,
  budgets: { minute: 1e12, day: 1e12, month: 1e12 },
}
const SECRET_HASH = createHash('sha256').update('a secret of this benchmark').digest('hex')

/** The limits and budgets that a reservation is checked against. */
export type Setting = {
  name: string
  project: ProjectBudgets
  request(n: number): ReserveRequest
  /** Writes what the requests need in Redis. */
  prepare(redis: { url: string; token: string }): Promise<void>
}

const accountOf = (n: number) => `firebase:my-project:user-${n % ACCOUNTS}`
const common = { plan: 'free', units: 1200, leaseMs: 150_000, model: 'twohop-chat', task: 'chat' }

export const SETTINGS: readonly Setting[] = [
  {
    name: 'a token; minute, day, month',
    project: {},
    request: (n) => ({
      ...common,
      requestId: crypto.randomUUID(),
      spender: { account: accountOf(n), issuedAt: 1_795_000_000, plan: 'free' },
      limits: LIMITS,
    }),
    prepare: async () => {},
  },
  {
    name: "an API key, an account's record with a grant, a billing day, the project's budgets",
    project: { day: 1e14, month: 1e14 },
    request: (n) => ({
      ...common,
      requestId: crypto.randomUUID(),
      spender: { key: `key-${n % ACCOUNTS}`, secretHash: SECRET_HASH, scope: 'chat', plan: 'free' },
      limits: { ...LIMITS, billingDay: 15 },
    }),
    async prepare({ url, token }) {
      const accounts = administered(createUpstashAccounts({ url, token, timeoutMs: 30_000 }))
      const scopes = 'chat embed'
      const keys = Array.from({ length: ACCOUNTS }, (_, n) => {
        const record = { account: accountOf(n), secret_hash: SECRET_HASH, scopes }
        return ['HSET', apiKeyRedisKey(`key-${n}`), ...Object.entries(record).flat()]
      })
      const headers = { authorization: `Bearer ${token}` }
      await fetch(`${url}/pipeline`, { method: 'POST', headers, body: JSON.stringify(keys) })
      for (let n = 0; n < ACCOUNTS; n += 50)
        await Promise.all(
          Array.from({ length: 50 }, async (_, i) => {
            const account = accountOf(n + i)
            await accounts.set(account, { status: 'active', plan: 'free', revokedBefore: 1, billingDay: 20 })
            await accounts.grant(account, 1000, Date.now() + 3_600_000)
          }),
        )
    },
  },
]

export const settlementOf = ({ requestId, units, plan, model, task }: ReserveRequest): Settlement => ({
  requestId,
  reserved: { account: 'firebase:my-project:user', units, plan, model, task, key: '' },
  units: 340,
  promptTokens: 40,
  outputTokens: 75,
  computeMs: 900,
  outcome: 'ok',
})
