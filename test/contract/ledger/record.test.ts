import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { COUNTS } from '../../../cli/cost/counts.ts'
import { ADA, BOB, describeEachPostgres, usageEvent } from '../../fixtures/each-postgres.ts'

const NOVEMBER = Date.UTC(2026, 10, 30, 23, 59, 59, 999)
const DECEMBER = Date.UTC(2026, 11, 1)

describeEachPostgres('the ledger', (postgres) => {
  const record = async (events: object[]) => {
    const { data, error } = await postgres.service().rpc('record_usage_events', { events })
    return error ? error.code : data
  }
  const rows = async (table: string, columns: string, order = 'account_id') =>
    (await postgres.service().from(table).select(columns).order(order)).data

  it('adds a batch once, however often it comes', async () => {
    const batch = [usageEvent('r1', 'ada'), usageEvent('r2', 'ada'), usageEvent('r2', 'ada')]
    expect(await record(batch)).toEqual({ recorded: 2, duplicates: 1, conflicts: [] })
    expect(await record([...batch, usageEvent('r3', 'bob')])).toEqual({
      recorded: 1,
      duplicates: 3,
      conflicts: [],
    })
    expect(await rows('usage_daily', 'account_id, day, model, requests, output_tokens, units')).toEqual([
      { account_id: 'ada', day: '2026-11-21', model: 'tiny-chat', requests: 2, output_tokens: 10, units: 46 },
      { account_id: 'bob', day: '2026-11-21', model: 'tiny-chat', requests: 1, output_tokens: 5, units: 23 },
    ])
  })

  it('adds a batch once when eight send it at the same time', async () => {
    const batch = Array.from({ length: 50 }, (_, index) => usageEvent(`r${index}`, `account-${index % 7}`))
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, turn) => record(turn % 2 === 0 ? batch : batch.toReversed())),
    )
    expect(answers.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(50)
    const sums = (await rows('usage_monthly', 'units')) as unknown as { units: number }[]
    expect(sums.reduce((sum, { units }) => sum + units, 0)).toBe(50 * 23)
  })

  it('waits for a batch that is not committed yet, and then knows it', async () => {
    const { owner } = postgres.local()
    const batch = [usageEvent('r1', 'ada'), usageEvent('r2', 'ada')]
    const added = Promise.withResolvers<void>()
    const commit = Promise.withResolvers<void>()
    const first = owner.begin(async (sql) => {
      await sql`select twohop.record_usage_events(${sql.json(batch)})`
      added.resolve()
      await commit.promise
    })
    await added.promise
    const second = record(batch.toReversed())
    const waiting = async () =>
      (await owner`select from pg_stat_activity where wait_event_type = 'Lock' and usename = 'authenticator'`)
        .count
    await expect.poll(waiting, { interval: 10 }).toBe(1)
    commit.resolve()
    await first
    expect(await second).toEqual({ recorded: 0, duplicates: 2, conflicts: [] })
    expect(await rows('usage_daily', 'units')).toEqual([{ units: 46 }])
  })

  it('names an event that contradicts a row, by its place, and keeps the row', async () => {
    await record([usageEvent('r1', 'ada')])
    const later = usageEvent('r1', 'ada', { reserved_at: DECEMBER - 1 })
    expect(
      await record([
        usageEvent('r0', 'ada'),
        usageEvent('r1', 'ada', { units: 24 }),
        later,
        usageEvent('r1', 'bob'),
      ]),
    ).toEqual({ recorded: 1, duplicates: 0, conflicts: [1, 2, 3] })
    expect(await record([usageEvent('r5', 'ada'), usageEvent('r5', 'ada', { units: 1 })])).toEqual({
      recorded: 1,
      duplicates: 0,
      conflicts: [1],
    })
    expect(await rows('usage_events', 'request_id, account_id, units', 'request_id')).toEqual(
      ['r0', 'r1', 'r5'].map((request_id) => ({ request_id, account_id: 'ada', units: 23 })),
    )
    expect(await rows('usage_daily', 'units')).toEqual([{ units: 69 }])
  })

  it('takes a correction beside its charge: the sums change, the requests do not', async () => {
    const swept = {
      units: 100,
      prompt_tokens: 0,
      output_tokens: 0,
      outcome: 'unsettled',
      reported_units: 100,
    }
    await record([usageEvent('r1', 'ada', swept)])
    await record([usageEvent('r1', 'ada', { kind: 'correction', units: -77 })])
    expect(await rows('usage_monthly', 'month, requests, prompt_tokens, units')).toEqual([
      { month: '2026-11', requests: 1, prompt_tokens: 3, units: 23 },
    ])
  })

  it('cuts months in UTC, by when the request was reserved', async () => {
    await record([
      usageEvent('r1', 'ada', { reserved_at: NOVEMBER, at: DECEMBER + 5000 }),
      usageEvent('r2', 'ada', { reserved_at: NOVEMBER + 1 - 86_400_000 }),
    ])
    const { owner } = postgres.local()
    const parts =
      await owner`select tableoid::regclass::text as part, to_char(reserved_at, 'YYYY-MM-DD HH24:MI:SS.MS') as at
      from twohop.usage_events order by request_id`
    expect([...parts]).toEqual([
      { part: 'twohop_private.usage_events_2026_11', at: '2026-11-30 23:59:59.999' },
      { part: 'twohop_private.usage_events_2026_11', at: '2026-11-30 00:00:00.000' },
    ])
    expect(await rows('usage_daily', 'day, units')).toEqual([{ day: '2026-11-30', units: 46 }])
  })

  it('knows an account from its first event, and leaves what administration set', async () => {
    const service = postgres.service()
    const accounts = [{ id: 'bob', status: 'suspended' }]
    await service.rpc('record_acts', { acts: [], accounts, keys: [], read_at: 1 })
    await record([usageEvent('r1', 'ada'), usageEvent('r2', 'bob')])
    expect(await rows('accounts', 'id, plan_id, status', 'id')).toEqual([
      { id: 'ada', plan_id: null, status: 'active' },
      { id: 'bob', plan_id: null, status: 'suspended' },
    ])
  })

  it('keeps the order of arrival', async () => {
    await record([usageEvent('z', 'ada'), usageEvent('a', 'ada')])
    await record([usageEvent('m', 'ada')])
    const ids = (await rows('usage_events', 'request_id', 'seq')) as unknown as { request_id: string }[]
    expect(ids.map(({ request_id }) => request_id)).toEqual(['z', 'a', 'm'])
  })

  it.each([
    ['no list', {}, '22023'],
    ['too many', Array.from({ length: 1001 }, (_, index) => usageEvent(`r${index}`, 'ada')), '22023'],
    ['half a unit', [usageEvent('r1', 'ada', { units: 0.5 })], '22P02'],
    ['more units than can be counted', [usageEvent('r1', 'ada', { units: 1e19 })], '22003'],
    ['fewer than no units', [usageEvent('r1', 'ada', { units: -1 })], '23514'],
    ['no account', [usageEvent('r1', 'ada', { account_id: undefined })], '23502'],
    ['a kind that nobody knows', [usageEvent('r1', 'ada', { kind: 'gift' })], '23514'],
    ['an outcome that nobody knows', [usageEvent('r1', 'ada', { outcome: 'fine' })], '23514'],
    ['a NUL in a text', [usageEvent('r1', 'ada', { model: 'a\0b' })], '22P05'],
    ['a time before there was Twohop', [usageEvent('r1', 'ada', { reserved_at: 0 })], '22008'],
    ['a time far ahead', [usageEvent('r1', 'ada', { reserved_at: 4e12 })], '22008'],
  ])('refuses a batch with %s as a whole', async (_name, events, code) => {
    const whole = Array.isArray(events) && events.length === 1 ? [usageEvent('r0', 'ada'), ...events] : events
    expect(await record(whole as object[])).toBe(code)
    expect(await rows('usage_events', 'request_id')).toEqual([])
    expect(await rows('usage_daily', 'units')).toEqual([])
  })

  it('gives the sums that reconciliation compares, page by page', async () => {
    const users = [ADA, BOB].map((user) => postgres.account(user))
    await record(users.map((account, index) => usageEvent(`r${index}`, account, { units: index + 1 })))
    await record([usageEvent('r9', users[0] ?? '', { reserved_at: Date.UTC(2026, 10, 2), units: 10 })])
    const totals = async (args: object) =>
      (await postgres.service().rpc('usage_totals', { month: '2026-11-01', ...args })).data
    const both = (units: number) => ({ units, rolled: units })
    const [ada, bob] = [
      {
        account: users[0],
        windows: { 'month:2026-11': both(11), 'day:2026-11-02': both(10), 'day:2026-11-21': both(1) },
      },
      { account: users[1], windows: { 'month:2026-11': both(2), 'day:2026-11-21': both(2) } },
    ]
    const byId = [ada, bob].sort((a, b) => ((a?.account ?? '') < (b?.account ?? '') ? -1 : 1))
    expect(await totals({})).toEqual(byId)
    expect(await totals({ most: 1 })).toEqual(byId.slice(0, 1))
    expect(await totals({ after: byId[0]?.account })).toEqual(byId.slice(1))
    expect(await totals({ month: '2026-12-01' })).toEqual([])
  })

  it("sums an account's month from its billing day, into the next UTC month", async () => {
    const october = { charged_month: '2026-10-25' }
    await record([
      usageEvent('r1', 'ada', { ...october, reserved_at: Date.UTC(2026, 9, 26), units: 1, extra_units: 1 }),
      usageEvent('r2', 'ada', { ...october, reserved_at: Date.UTC(2026, 10, 20), units: 2, key_id: 'k1' }),
      usageEvent('r3', 'ada', { charged_month: '2026-11-25', units: 4, reserved_at: NOVEMBER - 3_600_000 }),
    ])
    const totals = async (month: string) =>
      (await postgres.service().rpc('usage_totals', { month })).data as { windows: object }[]
    const both = (units: number) => ({ units, rolled: units })
    expect((await totals('2026-10-01'))[0]?.windows).toEqual({
      'month:2026-10-25': both(3),
      'day:2026-10-26': both(1),
    })
    expect((await totals('2026-11-01'))[0]?.windows).toEqual({
      'month:2026-11-25': both(4),
      'day:2026-11-20': both(2),
      'day:2026-11-30': both(4),
    })
    expect(await rows('usage_events', 'request_id, key_id, extra_units', 'request_id')).toEqual([
      { request_id: 'r1', key_id: null, extra_units: 1 },
      { request_id: 'r2', key_id: 'k1', extra_units: 0 },
      { request_id: 'r3', key_id: null, extra_units: 0 },
    ])
  })

  it('takes no more room for a request than the calculator counts', async () => {
    const requests = 4000
    // The first makes the partition, which a vacuum in the middle would make larger by its maps.
    await record([usageEvent('first', 'ada')])
    await postgres.local().owner`
      alter table twohop_private.usage_events_2026_11 set (autovacuum_enabled = false)`
    const day = (n: number) => Date.UTC(2026, 10, 1 + (n % 20))
    for (let from = 0; from < requests; from += 500)
      await record(
        Array.from({ length: 500 }, (_, n) =>
          usageEvent(
            idOf(from + n),
            `firebase:my-extension-1a2b3:Xq3pYbq0vPTn5y2fKf1cYQp9hQ${(n % 50) + 10}`,
            {
              model: 'smollm2-135m-instruct',
              reserved_at: day(from / 500),
              at: day(from / 500) + 900,
            },
          ),
        ),
      )
    const [size] = await postgres.local().owner`
      select pg_total_relation_size('twohop_private.usage_events_2026_11')::int as bytes`
    expect(size?.bytes / requests).toBeLessThanOrEqual(COUNTS.ledgerBytesPerRequest)
    expect(size?.bytes / requests).toBeGreaterThan(COUNTS.ledgerBytesPerRequest * 0.8)
  })
})

/** Spread as random ids are, on which it depends how full an index's pages are, but the same in each run. */
function idOf(n: number): string {
  return createHash('sha256')
    .update(String(n))
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')
}
