import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type {
  Budget,
  Limits,
  Reserved,
  ReserveRequest,
  Settlement,
  UsageReport,
} from '../../../edge/budget/port.ts'
import { createUpstashBudget } from '../../../edge/budget/upstash.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import { type LocalRedis, startRedis } from '../../../local/redis/start.ts'
import { administered } from '../../fixtures/administrator.ts'
import { noRedisServer, redisServer } from '../../fixtures/redis-server.ts'

export type RunningRedis = {
  kind: 'redis-server' | 'embedded'
  /** Runs one command and gives its result. Throws an Error with Redis's text when it fails. */
  command<Result>(...words: (string | number)[]): Promise<Result>
  /** Runs several commands in one request; the first error is thrown. */
  pipeline<Result>(commands: (string | number)[][]): Promise<Result[]>
  /** HTTP requests that the front has answered so far. */
  requests(): Promise<number>
  local(): LocalRedis
  /** A budget of its own connection, as another edge would have it, on the set clock. */
  budget(options?: Partial<Parameters<typeof createUpstashBudget>[0]>): ReturnType<typeof createUpstashBudget>
  /** The records of accounts, as an administrator changes them, on the set clock. */
  records(): { accounts: ReturnType<typeof administered> }
  clock: { now: number }
}

const folders: string[] = []

/** Runs the same suite before a real redis-server and before the embedded one. CI must have the real one. */
export function describeEachRedis(name: string, suite: (redis: RunningRedis) => void): void {
  describe.skipIf(!redisServer)(`${name} on redis-server${noRedisServer}`, () =>
    suite(running('redis-server')),
  )
  describe(`${name} on embedded`, () => suite(running('embedded')))
}

/**
 * Runs a suite once, on a redis-server where there is one. For what an edge does around its scripts: that these do the
 * same on both kinds is held by the suites of `describeEachRedis`.
 */
export function describeOneRedis(name: string, suite: (redis: RunningRedis) => void): void {
  describe(name, () => suite(running(redisServer ? 'redis-server' : 'embedded')))
}

/** Starts a Redis before the suite's tests, empties it before each and stops it afterwards. */
export function running(kind: 'redis-server' | 'embedded'): RunningRedis {
  let local: LocalRedis
  const clock = { now: 0 }
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
    folders.push(dir)
    local = await startRedis({ dir, prefer: kind })
  })
  afterAll(async () => {
    await local.stop()
    for (const dir of folders.splice(0)) await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  })
  beforeEach(async () => {
    clock.now = Date.UTC(2026, 10, 21, 10, 59, 30)
    await command('FLUSHALL')
  })

  async function post<Body>(path: string, body: unknown): Promise<Body> {
    const answer = await fetch(`${local.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${local.token}` },
      body: JSON.stringify(body),
    })
    return (await answer.json()) as Body
  }

  async function pipeline<Result>(commands: (string | number)[][]): Promise<Result[]> {
    if (commands.length === 0) return []
    const replies = await post<{ result: Result; error?: string }[]>('/pipeline', commands)
    for (const { error } of replies) if (error !== undefined) throw new Error(error)
    return replies.map(({ result }) => result)
  }

  const command = async <Result>(...words: (string | number)[]) =>
    (await pipeline<Result>([words]))[0] as Result

  return {
    kind,
    command,
    pipeline,
    async requests() {
      const answer = await fetch(`${local.url}/twohop/stats`, {
        headers: { authorization: `Bearer ${local.token}` },
      })
      return ((await answer.json()) as { requests: number }).requests
    },
    local: () => local,
    // Longer than an edge waits: fifty requests at once take over 2 s on a busy machine.
    budget: (options = {}) =>
      createUpstashBudget({
        url: local.url,
        token: local.token,
        timeoutMs: 20_000,
        // One settlement after the other: nothing else comes to share a request with.
        gatherMs: 0,
        clock: () => clock.now,
        ...options,
      }),
    records: () => ({
      accounts: administered(
        createUpstashAccounts({
          url: local.url,
          token: local.token,
          timeoutMs: 20_000,
          clock: () => clock.now,
        }),
      ),
    }),
    clock,
  }
}

export const PLENTY: Limits = {
  requestsPerMinute: 1_000_000,
  concurrent: 1_000_000,
  budgets: { minute: 1_000_000, day: 1_000_000, month: 1_000_000 },
}

/** Limits as PLENTY but for what is named. */
export function limits(changes: Partial<Omit<Limits, 'budgets'>> & Partial<Limits['budgets']> = {}): Limits {
  const { requestsPerMinute, concurrent, ...budgets } = changes
  return {
    requestsPerMinute: requestsPerMinute ?? PLENTY.requestsPerMinute,
    concurrent: concurrent ?? PLENTY.concurrent,
    budgets: { ...PLENTY.budgets, ...budgets },
  }
}

/** When the tokens of these tests were issued, in seconds since the epoch. */
export const ISSUED_AT = Date.UTC(2026, 10, 21, 10) / 1000

/** A user of the plan `free`, by a token. */
export const user = (account = 'firebase:ada', plan = 'free') => ({ account, issuedAt: ISSUED_AT, plan })

type RequestChanges = Partial<ReserveRequest> & { account?: string }

export function request(requestId: string, { account, ...changes }: RequestChanges = {}): ReserveRequest {
  const base = { spender: user(account), units: 10, limits: PLENTY, leaseMs: 60_000 }
  return { requestId, ...base, model: 'tiny-chat', task: 'chat', plan: 'free', ...changes }
}

/** A decision's allowance. */
export function allowanceOf(decision: Awaited<ReturnType<Budget['reserve']>>) {
  return 'allowance' in decision ? decision.allowance : undefined
}

/** An account's counters, read with the plan that it has. */
export async function usage(budget: Budget, plan: Limits, account?: string): Promise<UsageReport> {
  const report = await budget.usage(user(account), 'free', plan)
  if ('plan' in report) throw new Error(`the plan is ${report.plan}`)
  return report
}

/** What `request` reserves, as its settlement remembers it. */
export const RESERVED: Reserved = {
  account: 'firebase:ada',
  units: 10,
  plan: 'free',
  model: 'tiny-chat',
  task: 'chat',
  key: '',
}

export function settlement(requestId: string, changes: Partial<Settlement> = {}): Settlement {
  const base = { reserved: RESERVED, units: 4, promptTokens: 1, outputTokens: 3, computeMs: 20 }
  return { requestId, ...base, outcome: 'ok', ...changes }
}

/** A usage event's fields by name. */
export type UsageEvent = Record<string, string>

export async function events(redis: RunningRedis): Promise<UsageEvent[]> {
  const found: UsageEvent[] = []
  for (let from = '-'; ; ) {
    const page = ['XRANGE', 'twohop:events', from, '+', 'COUNT', EVENTS_A_PAGE]
    const entries = await redis.command<[string, string[]][]>(...page)
    for (const [, fields] of entries) {
      const names = fields.filter((_, index) => index % 2 === 0)
      found.push(Object.fromEntries(names.map((name, index) => [name, fields[2 * index + 1] ?? ''])))
    }
    if (entries.length < EVENTS_A_PAGE) return found
    from = `(${entries.at(-1)?.[0]}`
  }
}

const EVENTS_A_PAGE = 10_000

/** A window's counters as they are stored, or undefined where there are none. */
export async function counters(redis: RunningRedis, window: string, account = 'firebase:ada') {
  const [used, held, requests] = await redis.command<(string | null)[]>(
    'HMGET',
    account === 'project' ? `twohop:project:${window}` : `twohop:budget:${account}:${window}`,
    'used',
    'held',
    'requests',
  )
  if (held === null) return undefined
  return { used: Number(used ?? 0), held: Number(held), requests: Number(requests ?? 0) }
}
