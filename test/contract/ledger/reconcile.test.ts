import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { createDrain } from '../../../edge/ledger/drain.ts'
import type { Ledger } from '../../../edge/ledger/port.ts'
import { type Counters, createReconcile, rebuild } from '../../../edge/ledger/reconcile.ts'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { createUpstashStream } from '../../../edge/ledger/upstash.ts'
import { createUpstashCounters } from '../../../edge/ledger/upstash-counters.ts'
import { dayOfThisMonth } from '../../fixtures/day-of-this-month.ts'
import { running, usageEvent } from '../../fixtures/each-postgres.ts'
import { twohop } from '../../fixtures/twohop-command.ts'
import { describeEachRedis, limits, request, settlement } from '../budget/each-redis.ts'

// Counters that are made again last until a date: a real Redis keeps none that is past.
const { start, number, day, dayAfter, month: MONTH, monthAfter } = dayOfThisMonth()
const AT = start + (10 * 60 + 59) * 60_000

describeEachRedis('reconciliation', (redis) => {
  const postgres = running()
  let ledger: Ledger
  let counters: Counters
  let drain: ReturnType<typeof createDrain>
  let budget: ReturnType<typeof redis.budget>
  beforeEach(() => {
    redis.clock.now = AT
    const { url, token } = redis.local()
    budget = redis.budget()
    ledger = createSupabaseLedger({ url: postgres.local().url, key: postgres.local().secretKey, fetch })
    counters = createUpstashCounters({ url, token })
    drain = createDrain({ stream: createUpstashStream({ url, token }), ledger, now: Date.now })
  })
  const reconcile = (month = MONTH) =>
    createReconcile({ ledger, counters, now: () => redis.clock.now })(month)

  let next = 0
  /** A request of `units`, settled. */
  async function spend(account: string, units: number, billingDay?: number) {
    const id = `r${next++}`
    await budget.reserve(
      request(id, { account, units: 100, ...(billingDay && { limits: { ...limits(), billingDay } }) }),
    )
    await budget.settle(settlement(id, { units }))
  }

  const ADA = 'supabase:x:ada:day:2026-11-01'

  it('finds nothing where all is well: drained, on its way, and over a midnight', async () => {
    await spend(ADA, 5)
    await spend('bob', 7)
    await drain()
    redis.clock.now += 14 * 3_600_000
    await spend(ADA, 11)
    expect(await reconcile()).toEqual({ accounts: 2, windows: 5, differences: [] })
    await drain()
    expect(await reconcile()).toEqual({ accounts: 2, windows: 5, differences: [] })
    expect(await reconcile(monthAfter)).toEqual({ accounts: 0, windows: 0, differences: [] })
  })

  it('finds a counter that says too much, one too little, and one that Redis lost', async () => {
    for (const account of ['ada', 'bob', 'eve', 'mallory']) await spend(account, 10)
    await drain()
    await redis.command('HINCRBY', `twohop:budget:ada:day:${day}`, 'used', 1)
    await redis.command('HINCRBY', `twohop:budget:bob:month:${MONTH}`, 'used', -2)
    await redis.command('DEL', `twohop:budget:eve:month:${MONTH}`)
    await redis.command('HSET', `twohop:budget:nobody:day:${dayAfter}`, 'used', 4)
    const { differences } = await reconcile()
    const numbers = { ledger: 10, waiting: 0, rolled: 10 }
    expect(differences.sort((a, b) => (a.account < b.account ? -1 : 1))).toEqual([
      { account: 'ada', window: `day:${day}`, counter: 11, ...numbers },
      { account: 'bob', window: `month:${MONTH}`, counter: 8, ...numbers },
      { account: 'eve', window: `month:${MONTH}`, counter: undefined, ...numbers },
      { account: 'nobody', window: `day:${dayAfter}`, counter: 4, ledger: 0, waiting: 0, rolled: 0 },
    ])
  })

  it('finds an event that never came to the ledger, and a roll-up that is off', async () => {
    await spend('ada', 10)
    await spend('ada', 3)
    await redis.command('XDEL', 'twohop:events', (await firstEntry()) ?? '')
    await drain()
    expect((await reconcile()).differences).toEqual([
      { account: 'ada', window: `month:${MONTH}`, counter: 13, ledger: 3, waiting: 0, rolled: 3 },
      { account: 'ada', window: `day:${day}`, counter: 13, ledger: 3, waiting: 0, rolled: 3 },
    ])
    await redis.command('FLUSHALL')
    redis.clock.now += 60 * 86_400_000
    expect((await reconcile()).differences).toEqual([])
    await postgres.local().owner`update twohop.usage_daily set units = 4`
    expect((await reconcile()).differences).toEqual([
      { account: 'ada', window: `day:${day}`, counter: undefined, ledger: 3, waiting: 0, rolled: 4 },
    ])
  })

  it('brings counters in line with the ledger, those that Redis lost too, and holds stay', async () => {
    for (const account of ['ada', 'bob']) await spend(account, 10)
    await drain()
    await redis.command('HINCRBY', `twohop:budget:ada:day:${day}`, 'used', 5)
    await redis.command('DEL', `twohop:budget:bob:month:${MONTH}`)
    await budget.reserve(request('held', { account: 'ada', units: 100 }))
    expect(await rebuild((await reconcile()).differences, counters)).toBe(2)
    expect(await reconcile()).toEqual({ accounts: 2, windows: 4, differences: [] })
    const read = (key: string, field: string) => redis.command('HGET', `twohop:budget:${key}`, field)
    expect(await read(`ada:day:${day}`, 'held')).toBe('100')
    expect(await read(`bob:month:${MONTH}`, 'used')).toBe('10')
    expect(Number(await redis.command('PTTL', `twohop:budget:bob:month:${MONTH}`))).toBeGreaterThan(0)
    await redis.command('FLUSHALL')
    expect(await rebuild((await reconcile()).differences, counters)).toBe(4)
    expect((await reconcile()).differences).toEqual([])
    expect(await rebuild([], counters)).toBe(0)
  })

  it("compares the project's counters with what all accounts spent, over a billing day too", async () => {
    budget = redis.budget({ project: { day: 1e6, month: 1e6 } })
    await spend('ada', 10)
    await spend('bob', 7, number)
    await drain()
    redis.clock.now += 14 * 3_600_000
    await spend('ada', 5)
    expect(await reconcile()).toMatchObject({ accounts: 2, windows: 5 + 3, differences: [] })
    await redis.command('HINCRBY', `twohop:project:day:${day}`, 'used', 3)
    await redis.command('HINCRBY', `twohop:project:month:${MONTH}`, 'used', -2)
    const off = { account: '', rolled: 17 }
    expect((await reconcile()).differences).toEqual([
      { ...off, window: `day:${day}`, counter: 20, ledger: 17, waiting: 0 },
      { ...off, window: `month:${MONTH}`, counter: 20, ledger: 17, waiting: 5 },
    ])
    expect(await rebuild((await reconcile()).differences, counters)).toBe(2)
    expect((await reconcile()).differences).toEqual([])
  })

  it("misses the project's counters that Redis lost only where it has such budgets, and makes them again", async () => {
    await spend('ada', 10)
    await drain()
    const missed = (project: { day: boolean; month: boolean }) =>
      createReconcile({ ledger, counters, project, now: () => redis.clock.now })(MONTH)
    expect((await missed({ day: false, month: false })).differences).toEqual([])
    const { differences } = await missed({ day: false, month: true })
    expect(differences).toEqual([
      { account: '', window: `month:${MONTH}`, counter: undefined, ledger: 10, waiting: 0, rolled: 10 },
    ])
    await rebuild(differences, counters)
    expect(await redis.command('HGET', `twohop:project:month:${MONTH}`, 'used')).toBe('10')
    expect(Number(await redis.command('PTTL', `twohop:project:month:${MONTH}`))).toBeGreaterThan(0)
    expect((await missed({ day: true, month: true })).differences).toMatchObject([
      { account: '', window: `day:${day}` },
    ])
  })

  it('the command moves, compares and rebuilds; what differs ends it with 1', async () => {
    const { url, token } = redis.local()
    vi.stubEnv('UPSTASH_REDIS_REST_URL', url)
    vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', token)
    vi.stubEnv('LEDGER_SUPABASE_URL', postgres.local().url)
    vi.stubEnv('LEDGER_SUPABASE_KEY', postgres.local().secretKey)
    onTestFinished(() => void vi.unstubAllEnvs())
    const asked = async (...words: string[]) => {
      const { code, out, err } = await twohop(...words, '--json')
      return { code, out: out === '' ? undefined : JSON.parse(out), err }
    }
    await spend('ada', 10)
    const moved = { recorded: 1, duplicates: 0, buried: 0, left: 0, dead_letters: 0 }
    expect(await asked('drain')).toEqual({
      code: 0,
      out: { ...moved, acts: { ...moved, recorded: 0 }, feedback: { ...moved, recorded: 0 } },
      err: '',
    })
    expect(await asked('reconcile', '--month', MONTH)).toMatchObject({
      code: 0,
      out: { accounts: 1, windows: 2, differences: [], rebuilt: 0 },
    })
    await redis.command('HINCRBY', `twohop:budget:ada:day:${day}`, 'used', 5)
    const off = await asked('reconcile', '--month', MONTH)
    expect(off).toMatchObject({
      code: 1,
      out: { differences: [{ account: 'ada', counter: 15, ledger: 10 }] },
    })
    expect(JSON.parse(off.err)).toMatchObject({ error: { code: 'differences' } })
    expect(await asked('reconcile', '--month', MONTH, '--rebuild')).toMatchObject({
      code: 0,
      out: { rebuilt: 1 },
    })
    expect(await asked('reconcile', '--month', 'May')).toMatchObject({ code: 2 })
    vi.stubEnv('LEDGER_SUPABASE_KEY', '')
    expect((await asked('drain')).err).toContain('LEDGER_SUPABASE_KEY')
  })

  it('takes nothing for a difference that only the time of reading made', async () => {
    await spend('ada', 10)
    await drain()
    let reads = 0
    const reconcileBusy = createReconcile({
      ledger,
      counters: {
        waiting: (month) => counters.waiting(month),
        async used(month) {
          if (reads++ === 0) await spend('ada', 1)
          return counters.used(month)
        },
      },
      now: () => redis.clock.now,
    })
    expect(await reconcileBusy(MONTH)).toEqual({ accounts: 1, windows: 2, differences: [] })
    expect(reads).toBe(2)
  })

  it('reads page after page', async () => {
    const accounts = Array.from({ length: 1203 }, (_, n) => `account-${n}`)
    const reserved = { reserved_at: AT, at: AT, charged_month: MONTH, units: 2 }
    const events = accounts.map((account, n) => usageEvent(`r${n}`, account, reserved))
    for (let from = 0; from < events.length; from += 500) await ledger.record(events.slice(from, from + 500))
    await redis.pipeline(
      accounts.flatMap((account) =>
        [`day:${day}`, `month:${MONTH}`].map((window) => [
          'HSET',
          `twohop:budget:${account}:${window}`,
          'used',
          2,
        ]),
      ),
    )
    expect(await reconcile()).toEqual({ accounts: 1203, windows: 2406, differences: [] })
    await redis.command('HSET', `twohop:budget:account-777:day:${day}`, 'used', 1)
    expect((await reconcile()).differences.map(({ account }) => account)).toEqual(['account-777'])
  })

  async function firstEntry() {
    return (await redis.command<[string, string[]][]>('XRANGE', 'twohop:events', '-', '+'))[0]?.[0]
  }
})
