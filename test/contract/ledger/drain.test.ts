import { beforeEach, describe, expect, it } from 'vitest'
import { createDrain, type DrainOptions } from '../../../edge/ledger/drain.ts'
import type { EntryStream, Ledger } from '../../../edge/ledger/port.ts'
import { createDrains, createScheduledDrain } from '../../../edge/ledger/scheduled.ts'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { createUpstashStream, DEAD_LETTERS } from '../../../edge/ledger/upstash.ts'
import { running } from '../../fixtures/each-postgres.ts'
import { readLog } from '../../fixtures/log.ts'
import {
  counters,
  describeEachRedis,
  limits,
  type RunningRedis,
  request,
  settlement,
} from '../budget/each-redis.ts'

const DAY = Date.UTC(2026, 10, 21)

describeEachRedis('the drain', (redis) => {
  const postgres = running()
  let stream: EntryStream
  let ledger: Ledger
  beforeEach(() => {
    const { url, token } = redis.local()
    // What a run that died had in hand is taken over at once.
    stream = createUpstashStream({ url, token, takenOverMs: 0 })
    ledger = createSupabaseLedger({ url: postgres.local().url, key: postgres.local().secretKey, fetch })
  })
  const drainWith = (changes: Partial<DrainOptions> = {}) =>
    createDrain({ stream, ledger, now: Date.now, ...changes })

  /** What the ledger holds, in the order in which it came. */
  async function ledgerRows() {
    const { owner } = postgres.local()
    const rows = await owner`select request_id, kind, units::int from twohop.usage_events order by seq`
    const [sums] =
      await owner`select count(*)::int as rows, coalesce(sum(units), 0)::int as units from twohop.usage_events`
    return { ids: rows.map(({ request_id }) => request_id), rows: sums?.rows, units: sums?.units }
  }
  const deadLetters = async () =>
    (await redis.command<[string, string[]][]>('XRANGE', DEAD_LETTERS, '-', '+')).map(([, words]) =>
      Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]]] : []))),
    )

  it('moves what was really reserved, settled, swept and corrected: ledger and counters agree', async () => {
    const budget = redis.budget()
    for (let n = 0; n < 40; n++) {
      const account = `supabase:x:${n % 3}`
      await budget.reserve(request(`r${n}`, { account, limits: limits(), units: 10 + n, leaseMs: 60_000 }))
      if (n % 4 !== 0) await budget.settle(settlement(`r${n}`, { units: n }))
    }
    redis.clock.now += 61_000
    await budget.sweep(100)
    expect(await drainWith()()).toMatchObject({ recorded: 40, ended: 'empty' })
    for (const n of [0, 4, 8]) await budget.settle(settlement(`r${n}`, { units: 1 }))
    expect(await drainWith()()).toMatchObject({
      recorded: 3,
      duplicates: 0,
      buried: 0,
      backlog: { entries: 0, oldestAt: undefined, deadLetters: 0 },
      lagMs: 0,
    })
    const totals = await ledger.totals('2026-11', '')
    expect(totals.map(({ account }) => account)).toEqual(['supabase:x:0', 'supabase:x:1', 'supabase:x:2'])
    for (const { account, windows } of totals) {
      const used = (await counters(redis, 'month:2026-11', account))?.used
      expect(used).toBeGreaterThan(0)
      expect(windows).toEqual({
        'month:2026-11': { units: used, rolled: used },
        'day:2026-11-21': { units: used, rolled: used },
      })
    }
  })

  it('keeps the order of arrival over many batches', async () => {
    await write(redis, 1234)
    expect(await drainWith({ batch: 100, batches: 20 })()).toMatchObject({ recorded: 1234, ended: 'empty' })
    expect((await ledgerRows()).ids).toEqual(Array.from({ length: 1234 }, (_, n) => `r${n}`))
  })

  it('hands on which key was used, which month was charged and what a grant paid, and does without', async () => {
    await write(redis, 1)
    await write(redis, 1, { first: 1, changes: { key: 'k1', month: '2026-11-14', extra_units: '1' } })
    await write(redis, 1, { first: 2, changes: { key: '', month: '2026-11', extra_units: '0' } })
    expect(await drainWith()()).toMatchObject({ recorded: 3 })
    const rows = await postgres.local()
      .owner`select key_id, charged_month, extra_units::int from twohop.usage_events order by seq`
    expect([...rows]).toEqual([
      { key_id: null, charged_month: '2026-11', extra_units: 0 },
      { key_id: 'k1', charged_month: '2026-11-14', extra_units: 1 },
      { key_id: null, charged_month: '2026-11', extra_units: 0 },
    ])
  })

  it('stops when it has done enough, and goes on where it stopped', async () => {
    await write(redis, 50)
    expect(await drainWith({ batch: 10, batches: 3 })()).toMatchObject({
      recorded: 30,
      ended: 'enough',
      backlog: { entries: 20 },
    })
    let now = 0
    const slow = drainWith({ batch: 10, timeMs: 100, now: () => (now += 60) })
    expect(await slow()).toMatchObject({ recorded: 10, ended: 'enough' })
    expect(await drainWith()()).toMatchObject({ recorded: 10, ended: 'empty' })
  })

  it('leaves the stream alone while Postgres is away, says so, and catches up in order', async () => {
    await write(redis, 20, { at: Date.now() - 5000 })
    const drain = drainWith({ batch: 8 })
    await postgres.away(async () => {
      for (const backlog of [20, 40]) {
        const report = await drain()
        expect(report).toMatchObject({
          recorded: 0,
          buried: 0,
          ended: 'ledger_away',
          backlog: { entries: backlog },
        })
        // `http_0` where a query went out just as its connection ended: nothing answers it, and the drain's own time is up.
        expect(report.error?.code).toMatch(/^(28000|57P01|PGRST001|http_0)$/)
        await write(redis, 20, { first: backlog })
      }
      expect((await drain()).backlog.entries).toBe(60)
    })
    expect(await drain()).toMatchObject({
      recorded: 60,
      duplicates: 0,
      ended: 'empty',
      backlog: { entries: 0 },
    })
    expect((await ledgerRows()).ids).toEqual(Array.from({ length: 60 }, (_, n) => `r${n}`))
  })

  it('says how long the oldest event waits', async () => {
    await write(redis, 1)
    const [[id] = ['']] = await redis.command<[string, string[]][]>('XRANGE', 'twohop:events', '-', '+')
    const written = Number(id.split('-')[0])
    const away: Ledger = createSupabaseLedger({ url: 'http://127.0.0.1:9', key: 'x', fetch })
    expect(await drainWith({ ledger: away, now: () => written + 7000 })()).toMatchObject({
      ended: 'ledger_away',
      error: { code: 'http_0' },
      lagMs: 7000,
    })
  })

  it.each([
    'before reading',
    'after reading',
    'before recording',
    'after recording',
    'before finishing',
    'after finishing',
  ])('makes up for a run that died %s: nothing lost, nothing twice', async (point) => {
    await write(redis, 30)
    const [when, what] = point.split(' ')
    let died = false
    const dying =
      <Args extends unknown[], Answer>(step: string, act: (...args: Args) => Promise<Answer>) =>
      async (...args: Args) => {
        const dies = !died && step === what
        if (dies) died = true
        if (dies && when === 'before') throw new Error('died')
        const answer = await act(...args)
        if (dies) throw new Error('died')
        return answer
      }
    const drain = drainWith({
      batch: 10,
      stream: {
        ...stream,
        unread: dying('reading', stream.unread),
        finish: dying('finishing', stream.finish),
      },
      ledger: { ...ledger, record: dying('recording', ledger.record) },
    })
    await expect(drain()).rejects.toThrow('died')
    const report = await drain()
    expect(report.recorded + report.duplicates).toBe(point === 'after finishing' ? 20 : 30)
    expect(await ledgerRows()).toEqual({
      ids: Array.from({ length: 30 }, (_, n) => `r${n}`),
      rows: 30,
      units: 435,
    })
    expect(report.backlog).toEqual({ entries: 0, oldestAt: undefined, deadLetters: 0 })
  })

  it('sets aside events that can never be stored, each with its reason and its fields, and no other', async () => {
    await write(redis, 20)
    const wrong = {
      'field:units': { units: '1.5' },
      'field:account': { account: undefined },
      'field:kind': { kind: 'gift' },
      '23514': { outcome: 'fine' },
      '22008': { reserved_at: '1' },
      '22P05': { model: 'a\0b' },
      conflict: { request_id: 'r3', units: '9999' },
    }
    for (const [index, changes] of Object.values(wrong).entries())
      await write(redis, 1, { first: 100 + index, changes })
    await write(redis, 20, { first: 20 })
    await redis.command('XADD', 'twohop:events', '*', 'nonsense', '1')
    expect(await drainWith()()).toMatchObject({
      recorded: 40,
      duplicates: 0,
      buried: 8,
      ended: 'empty',
      backlog: { entries: 0, deadLetters: 8 },
    })
    const letters = await deadLetters()
    expect(letters.map(({ reason }) => reason).sort()).toEqual(
      [...Object.keys(wrong), 'field:request_id'].sort(),
    )
    const conflict = letters.find(({ reason }) => reason === 'conflict')
    expect(conflict).toMatchObject({ request_id: 'r3', units: '9999', account: 'ada' })
    expect(conflict?.entry).toMatch(/^\d+-\d+$/)
    expect(Number(conflict?.buried_at)).toBeGreaterThan(Date.now() - 60_000)
    expect((await ledgerRows()).ids).toEqual(Array.from({ length: 40 }, (_, n) => `r${n}`))
    expect((await redis.command<unknown[]>('XPENDING', 'twohop:events', 'ledger'))[0]).toBe(0)
  })

  it('leaves out an entry that somebody took off after it was read', async () => {
    await write(redis, 2)
    const [gone] = await stream.unread(10)
    await redis.command('XDEL', 'twohop:events', gone?.id ?? '')
    const report = await drainWith()()
    expect(report).toMatchObject({ recorded: 1, buried: 0, backlog: { entries: 0, deadLetters: 0 } })
    expect((await redis.command<unknown[]>('XPENDING', 'twohop:events', 'ledger'))[0]).toBe(0)
  })

  it('runs four times at once: every event once, one dead letter of a poison event', async () => {
    await write(redis, 600)
    await write(redis, 1, { first: 600, changes: { outcome: 'fine' } })
    const reports = await Promise.all(
      Array.from({ length: 4 }, () => drainWith({ batch: 50, batches: 50 })()),
    )
    expect(reports.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(600)
    await drainWith()()
    expect((await ledgerRows()).rows).toBe(600)
    expect((await deadLetters()).map(({ request_id }) => request_id)).toEqual(['r600'])
    expect(await redis.command('XLEN', 'twohop:events')).toBe(0)
  })

  it('shares the work of runs at the same time: no event goes to two of them', async () => {
    const { url, token } = redis.local()
    await write(redis, 2000)
    const sent: string[] = []
    const runs = Array.from({ length: 3 }, () => {
      let batches = 0
      const counted: Ledger = {
        ...ledger,
        async record(batch) {
          batches++
          sent.push(...batch.map(({ request_id }) => request_id))
          return ledger.record(batch)
        },
      }
      const drain = createDrain({
        stream: createUpstashStream({ url, token }),
        ledger: counted,
        now: Date.now,
        batch: 50,
      })
      return drain().then((report) => ({ ...report, batches }))
    })
    const reports = await Promise.all(runs)
    expect(sent).toHaveLength(2000)
    expect(reports.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(2000)
    expect(reports.every(({ duplicates, batches }) => duplicates === 0 && batches > 1)).toBe(true)
  })

  it('takes over what another run left, once its time is up or it gave it back, and not before', async () => {
    const { url, token } = redis.local()
    await write(redis, 4)
    const patient = createUpstashStream({ url, token })
    const [first, second] = await patient.unread(3)
    expect(await patient.unfinished(10)).toEqual([])
    await patient.release([first?.id ?? '', second?.id ?? ''])
    expect((await patient.unfinished(10)).map(({ id }) => id)).toEqual([first?.id, second?.id])
    expect(await patient.unfinished(10)).toEqual([])
    expect(await stream.unfinished(10)).toHaveLength(3)
  })

  it('makes one dead letter of an entry that two runs set aside', async () => {
    await write(redis, 1)
    const [{ id } = { id: '' }] = await stream.unread(1)
    for (const reason of ['23514', '22008']) await stream.finish([], [{ id, reason }])
    expect((await deadLetters()).map(({ reason, entry }) => [reason, entry])).toEqual([['23514', id]])
  })

  it('goes on while there is more within its time: six thousand events that waited, in one run', async () => {
    await write(redis, 6000)
    expect(await drainWith()()).toMatchObject({ recorded: 6000, ended: 'empty', backlog: { entries: 0 } })
    expect(await ledgerRows()).toMatchObject({ rows: 6000, units: (6000 * 5999) / 2 })
  })

  it('logs one line of counts and codes for a scheduled run', async () => {
    await write(redis, 3)
    const { lines, log } = readLog()
    const { url, token } = redis.local()
    const drains = createDrains({
      redis: { url, token },
      supabase: { url: postgres.local().url, key: postgres.local().secretKey },
      fetch,
      now: Date.now,
    })
    // Not the first minute of an hour, in which feedback is looked for too.
    const drain = createScheduledDrain({ drains, now: () => Date.UTC(2026, 10, 29, 21, 59), log })
    await drain()
    expect(lines).toEqual([
      {
        level: 'info',
        event: 'ledger_drain',
        ended: 'empty',
        recorded: 3,
        duplicates: 0,
        buried: 0,
        backlog: 0,
        lag_ms: 0,
        took_ms: expect.any(Number),
        dead_letters: 0,
        acts: {
          ended: 'empty',
          recorded: 0,
          duplicates: 0,
          buried: 0,
          backlog: 0,
          lag_ms: 0,
          took_ms: expect.any(Number),
        },
      },
    ])
  })
})

describe('a stream that fails', () => {
  it('is an error that says so, and shows no token', async () => {
    const stream = createUpstashStream({ url: 'http://127.0.0.1:9', token: 'secret-token' })
    const record = () => Promise.reject(new Error('must not be asked'))
    const drain = createDrain({ stream, ledger: { record, totals: record }, now: Date.now })
    const error = await drain().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'store_unavailable' })
    expect(String(error)).not.toContain('secret-token')
  })
})

type WriteOptions = { first?: number; at?: number; changes?: Record<string, string | undefined> }

/** Appends usage events `r0`, `r1`, ... as the settling script does; `rN` is of N units. */
async function write(
  redis: RunningRedis,
  count: number,
  { first = 0, at = DAY, changes = {} }: WriteOptions = {},
) {
  const commands = Array.from({ length: count }, (_, index) => {
    const n = first + index
    const fields: Record<string, string | undefined> = {
      request_id: `r${n}`,
      kind: 'charge',
      account: 'ada',
      model: 'tiny-chat',
      task: 'chat',
      plan: 'free',
      prompt_tokens: '3',
      output_tokens: '5',
      compute_ms: '20',
      units: String(n),
      reserved_units: '100000',
      reported_units: String(n),
      outcome: 'ok',
      reserved_at: String(at),
      at: String(at + 900),
      ...changes,
    }
    const words = Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [name, value],
    )
    return ['XADD', 'twohop:events', '*', ...words]
  })
  for (let from = 0; from < commands.length; from += 1000)
    await redis.pipeline(commands.slice(from, from + 1000))
}
