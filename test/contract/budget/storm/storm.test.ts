import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { counters, describeEachRedis, events, type RunningRedis } from '../each-redis.ts'
import { budgetsFor, type StormOrder, type StormReport } from './order.ts'

const PROCESSES = 8
/** Operations of each edge. `TWOHOP_STORM_OPERATIONS` is how many all of them do together: 1,000,000 take half an hour. */
const OPERATIONS = Math.ceil(Number(process.env.TWOHOP_STORM_OPERATIONS ?? 0) / PROCESSES) || 200
/**
 * The counters of a minute are kept for a minute more. The edges' set clocks stay in a minute for longer than that in a
 * longer storm, or on a busy machine: Redis throws its counters away while reservations of it still come.
 * @param tookMs how long the storm and its sweep took
 */
const keptAfter = (tookMs: number) => (key: string) => tookMs < 50_000 || !key.includes(':minute:')
const LONGEST_MS = Math.max(150_000, OPERATIONS * PROCESSES * 10)
/** How many of them are killed on their way, each to be replaced by a new one. */
const KILLED = 3
const ACCOUNTS = ['firebase:ada', 'firebase:grace', 'supabase:alan', 'supabase:eve']
const MIDNIGHT = Date.UTC(2027, 0, 1)
const HOUR = 3_600_000
const GRANT = 400

type Message = { type: 'progress'; part: number } | { type: 'done'; report: StormReport }

const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Runs one edge until it is done, or is killed after a part of its work. Undefined for a killed one. */
async function edge(order: StormOrder, killedAt = 2): Promise<StormReport | undefined> {
  const child = fork(new URL('./edge-process.ts', import.meta.url), [JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  })
  children.add(child)
  let report: StormReport | undefined
  child.on('message', (message: Message) => {
    if (message.type === 'done') report = message.report
    else if (message.part >= killedAt) child.kill('SIGKILL')
  })
  // The channel closes when everything sent over it has been read; the process may have ended before.
  const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  children.delete(child)
  if (signal === 'SIGKILL' && killedAt <= 1) return undefined
  expect([code, signal], 'an edge ended').toEqual([0, null])
  return report
}

/** Counters over their budget now, looked at in one step. */
async function overBudget(redis: RunningRedis): Promise<string[]> {
  return redis.command(
    'EVAL',
    `local over = {}
    for _, key in ipairs(redis.call('KEYS', 'twohop:*:[dm]*:2*')) do
      local c = redis.call('HMGET', key, 'used', 'held', 'extra', 'limit')
      local used, held = tonumber(c[1] or 0), tonumber(c[2] or 0)
      if used < 0 or held < 0 or used + held > tonumber(c[4]) + tonumber(c[3] or 0) then table.insert(over, key) end
    end
    return over`,
    0,
  )
}

/** While the edges run: looks for budgets exceeded, suspends and restores accounts, grants extra units. */
async function administrate(redis: RunningRedis, running: () => boolean) {
  const { accounts } = redis.records()
  const over: string[] = []
  const stormBegan = performance.now()
  let looks = 0
  let granted = 0
  while (running()) {
    const began = performance.now()
    over.push(...(await overBudget(redis)).filter(keptAfter(began - stormBegan)))
    const account = ACCOUNTS[looks % ACCOUNTS.length] as string
    if (looks % 10 === 3) await accounts.set(account, { status: 'suspended' })
    if (looks % 10 === 4)
      await accounts.set(ACCOUNTS[(looks - 1) % ACCOUNTS.length] as string, { status: 'active' })
    if (looks % 10 === 7 && granted < 8 * GRANT) {
      await accounts.grant(account, GRANT, MIDNIGHT + 1000 * HOUR)
      granted += GRANT
    }
    looks++
    // To look at many keys keeps Redis from the edges.
    const tookMs = performance.now() - began
    // Four times a second, and in a long run, which has many keys, for a quarter of the time.
    const waitMs = Math.max(5, Math.min(10 * tookMs, 250), OPERATIONS === 200 ? 0 : 3 * tookMs)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  return { over, looks, granted }
}

async function storm(redis: RunningRedis, operations: number) {
  const { url, token } = redis.local()
  redis.clock.now = MIDNIGHT - HOUR
  const order = (seed: number, from = MIDNIGHT - HOUR): StormOrder => ({
    url,
    token,
    accounts: ACCOUNTS,
    operations,
    ...budgetsFor(operations),
    from,
    to: MIDNIGHT + HOUR,
    seed,
  })
  let running = true
  const admin = administrate(redis, () => running)
  const reports = await Promise.all(
    Array.from({ length: PROCESSES }, async (_, i) => {
      const first = await edge(order(i + 1), i < KILLED ? 0.3 + 0.2 * i : undefined)
      return first ?? edge(order(100 + i, MIDNIGHT))
    }),
  ).finally(() => {
    running = false
  })
  return { reports: reports.filter((report) => report !== undefined), admin: await admin }
}

describeEachRedis(`${PROCESSES} edges in a storm`, (redis) => {
  it(
    'never exceed a budget, and leave counters equal to the ledger and no lease',
    async () => {
      const began = performance.now()
      const { reports, admin } = await storm(redis, redis.kind === 'embedded' ? 144 : OPERATIONS)

      expect(reports).toHaveLength(PROCESSES)
      expect(reports.flatMap(({ faults }) => faults)).toEqual([])
      expect(admin.over).toEqual([])
      expect(admin.looks).toBeGreaterThan(10)

      // Long after, the sweep charges what was left behind by crashes and kills.
      redis.clock.now = MIDNIGHT + 3 * HOUR
      const sweeper = redis.budget({ timeoutMs: 30_000 })
      while ((await sweeper.sweep(200)).charged > 0);
      expect(await redis.command('KEYS', 'twohop:leases:*')).toEqual([])
      expect(await redis.command('EXISTS', 'twohop:open')).toBe(0)

      const isKept = keptAfter(performance.now() - began)
      // Ledger: the events, summed by the windows that they name.
      const ledger = await events(redis)
      const sums = new Map<string, number>()
      for (const { account, month, reserved_at, units } of ledger) {
        const at = new Date(Number(reserved_at)).toISOString()
        const own = [`minute:${at.slice(0, 16)}`, `day:${at.slice(0, 10)}`, `month:${month}`]
        const project = [`day:${at.slice(0, 10)}`, `month:${at.slice(0, 7)}`]
        for (const key of [
          ...own.map((name) => `twohop:budget:${account}:${name}`),
          ...project.map((name) => `twohop:project:${name}`),
        ])
          if (isKept(key)) sums.set(key, (sums.get(key) ?? 0) + Number(units))
      }
      const keys = (await redis.command<string[]>('KEYS', 'twohop:*:[dm]*:2*')).filter(isKept)
      expect(keys.sort()).toEqual([...sums.keys()].sort())
      const stored = await redis.pipeline<(string | null)[]>(
        keys.map((key) => ['HMGET', key, 'used', 'held']),
      )
      const counted = keys.map((key, i) => [key, ...(stored[i] ?? []).map(Number)])
      expect(counted).toEqual(keys.map((key) => [key, sums.get(key), 0]))

      // Each reservation is charged once and corrected once at most, after the sweep; grants are paid to the unit.
      const charges = ledger.filter(({ kind }) => kind === 'charge')
      const corrections = ledger
        .filter(({ kind }) => kind === 'correction')
        .map(({ request_id }) => request_id)
      const swept = new Set(
        charges.filter(({ outcome }) => outcome === 'unsettled').map(({ request_id }) => request_id),
      )
      expect(new Set(charges.map(({ request_id }) => request_id)).size).toBe(charges.length)
      expect(new Set(corrections).size).toBe(corrections.length)
      expect(corrections.filter((id) => !swept.has(id))).toEqual([])
      const left = await Promise.all(ACCOUNTS.map((account) => redis.records().accounts.get(account)))
      const drawn = admin.granted - left.reduce((sum, { extra }) => sum + (extra?.units ?? 0), 0)
      expect(ledger.reduce((sum, { extra_units }) => sum + Number(extra_units), 0)).toBe(drawn)

      // Nothing is told twice, whoever settled or swept.
      const told = reports.flatMap(({ crossed }) =>
        crossed.map(
          ({ account, window, period, percent }) => `${account ?? 'project'} ${window} ${period} ${percent}`,
        ),
      )
      expect(new Set(told).size).toBe(told.length)

      // The run must have met every way to end and both sides of midnight.
      const total = (pick: (report: StormReport) => Record<string, number>) =>
        reports.map(pick).reduce<Record<string, number>>((sum, counts) => {
          for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
          return sum
        }, {})
      const endings = total((report) => report.endings)
      for (const name of ['settled', 'released', 'twice', 'late', 'crashed', 'again'])
        expect(endings[name], name).toBeGreaterThan(2)
      expect(swept.size).toBeGreaterThan(20)
      expect(corrections.length).toBeGreaterThan(5)
      expect(told.length).toBeGreaterThan(5)
      for (const day of ['2026-12-31', '2027-01-01'])
        expect((await counters(redis, `day:${day}`, 'project'))?.used, day).toBeGreaterThan(500)
      expect(reports.reduce((sum, { operations }) => sum + operations, 0)).toBeGreaterThan(1000)
      expect(drawn).toBeGreaterThan(0)
      const refusals = total((report) => report.refusals)
      for (const code of [
        'account_suspended',
        'budget_exhausted',
        'project_budget_exhausted',
        'too_many_concurrent',
      ])
        expect(refusals[code], code).toBeGreaterThan(0)
    },
    LONGEST_MS,
  )
})
