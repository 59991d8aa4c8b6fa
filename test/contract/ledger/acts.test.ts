import { beforeEach, expect, it } from 'vitest'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { createUpstashAudit } from '../../../edge/audit/upstash.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import { createActDrain } from '../../../edge/ledger/drain.ts'
import { createDrains, createScheduledDrain, type LedgerStores } from '../../../edge/ledger/scheduled.ts'
import { createReadMirror } from '../../../edge/ledger/store-mirror.ts'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { DEAD_LETTERS } from '../../../edge/ledger/upstash.ts'
import { createUpstashActStream } from '../../../edge/ledger/upstash-acts.ts'
import { administered } from '../../fixtures/administrator.ts'
import { ADA, clientOf, running } from '../../fixtures/each-postgres.ts'
import { readLog } from '../../fixtures/log.ts'
import { describeEachRedis } from '../budget/each-redis.ts'

const AUDIT = 'twohop:audit'
const HASH = 'ab'.repeat(32)

describeEachRedis('the drain of administrative acts', (redis) => {
  const postgres = running()
  let stores: LedgerStores
  let where: { url: string; token: string; timeoutMs: number; takenOverMs: number }
  beforeEach(() => {
    const { url, token } = redis.local()
    // What a run that died had in hand is taken over at once.
    where = { url, token, timeoutMs: 10_000, takenOverMs: 0 }
    const supabase = { url: postgres.local().url, key: postgres.local().secretKey }
    stores = { redis: where, supabase, fetch, now: Date.now }
  })
  const drain = () => createDrains(stores).drainActs()
  const drainKeeping = (kept: number) =>
    createActDrain({
      stream: createUpstashActStream({ ...where, kept }),
      ledger: createSupabaseLedger({ ...stores.supabase, fetch }),
      readMirror: createReadMirror({
        accounts: createUpstashAccounts(where),
        apiKeys: createUpstashApiKeys(where),
        now: Date.now,
      }),
      now: Date.now,
      batch: 5,
      batches: 100,
    })()

  const act = (action: string, target: string, detail: Record<string, unknown> = {}) => ({
    actor: 'root',
    action,
    target,
    reason: undefined,
    detail,
  })
  const record = (action: string, target: string, detail?: Record<string, unknown>) =>
    createUpstashAudit(where).record(act(action, target, detail))
  const logged = async () =>
    (await postgres.local().owner`select action, target from twohop.audit_log order by id`).map(
      ({ action, target }) => `${action} ${target}`,
    )
  const read = async () =>
    (await createUpstashAudit(where).list({ most: 500 })).entries.map(({ target }) => target)
  const letters = async () =>
    (await redis.command<[string, string[]][]>('XRANGE', DEAD_LETTERS, '-', '+')).map(([, words]) =>
      Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]]] : []))),
    )

  it('brings them to Postgres once and in order, and leaves them where the admin API reads', async () => {
    for (const n of [1, 2, 3]) await record('account.restore', `u${n}`, { n })
    expect(await drain()).toMatchObject({ recorded: 3, ended: 'empty', backlog: { entries: 0 }, lagMs: 0 })
    await record('account.restore', 'u4')
    expect(await drain()).toMatchObject({ recorded: 1, duplicates: 0 })
    expect(await logged()).toEqual([1, 2, 3, 4].map((n) => `account.restore u${n}`))
    expect(await read()).toEqual(['u4', 'u3', 'u2', 'u1'])
  })

  it('mirrors keys, hash only, which their owner then reads without it, and nobody else', async () => {
    const account = postgres.account(ADA)
    const apiKeys = createUpstashApiKeys(where)
    const expiresAt = Date.now() + 86_400_000
    const fresh = { secretHash: HASH, plan: 'pro', name: 'ci', scopes: ['chat', 'keys'], expiresAt }
    await apiKeys.create({ ...fresh, id: 'first' }, { account, issuedAt: 0 }, act('key.create', 'first'))
    await apiKeys.create(
      { ...fresh, id: 'second', secretHash: 'cd'.repeat(32) },
      { key: 'first', secretHash: HASH, scope: 'keys' },
      act('key.create', 'second'),
    )
    await drain()
    const columns = 'key_id,name,prefix,scopes,made_by,expires_at,revoked_at,revoked_reason'
    const owned = async () =>
      (await (await postgres.user(ADA)).from('api_keys').select(columns).order('key_id')).data as unknown as
        | Record<string, unknown>[]
        | null
    expect(await owned()).toMatchObject([
      {
        key_id: 'first',
        prefix: 'twohop_sk_first',
        scopes: ['chat', 'keys'],
        made_by: null,
        revoked_at: null,
      },
      { key_id: 'second', made_by: 'first', revoked_at: null },
    ])
    const { url, publishableKey } = postgres.local()
    const other = clientOf(url, publishableKey, await postgres.token('00000000-0000-4000-8000-00000000b0b0'))
    expect((await other.from('api_keys').select(columns)).data).toEqual([])

    await apiKeys.revoke('first', { secretHash: HASH }, act('key.leaked', 'first'))
    await drain()
    expect(await owned()).toMatchObject([
      { key_id: 'first', revoked_at: expect.any(String), revoked_reason: 'key.leaked' },
      { key_id: 'second', revoked_at: expect.any(String), revoked_reason: 'key.leaked' },
    ])
    const everything = JSON.stringify(await postgres.local().owner`select * from twohop.audit_log`)
    expect(everything).not.toContain(HASH)
  })

  it('mirrors accounts: status, plan, billing day, grants', async () => {
    const accounts = administered(createUpstashAccounts(where))
    const until = Date.now() + 3_600_000
    await accounts.set('ada', {
      status: 'suspended',
      plan: 'pro',
      billingDay: 14,
      revokedBefore: 1_795_258_770,
    })
    await accounts.grant('ada', 700, until)
    await record('account.suspend', 'ada')
    await record('account.grant', 'ada')
    await drain()
    const seen = async () => [
      ...(await postgres.local().owner`select id, status, plan_id, billing_day, extra_units::int,
        extract(epoch from revoked_before)::int as revoked_before,
        (extract(epoch from extra_until) * 1000)::text::numeric::text as extra_until
        from twohop.accounts left join twohop.account_overrides on account_id = id`),
    ]
    const [row] = await seen()
    expect(row).toMatchObject({
      ...{ id: 'ada', status: 'suspended', plan_id: 'pro', billing_day: 14, extra_units: 700 },
      revoked_before: 1_795_258_770,
    })
    expect(Number(row?.extra_until)).toBe(until)
    await accounts.set('ada', { status: 'active', plan: null })
    await record('account.restore', 'ada')
    await drain()
    expect(await seen()).toMatchObject([{ id: 'ada', status: 'active', plan_id: null, extra_units: 700 }])
  })

  it('sets aside acts that can never be stored, with their reason, and no other', async () => {
    await record('account.restore', 'u1')
    await record('account.restore', '')
    await record('x'.repeat(65), 'u2')
    await redis.command('XADD', AUDIT, '*', 'nonsense', '1')
    await redis.command(
      'XADD',
      AUDIT,
      '*',
      ...['actor', 'a', 'action', 'b', 'target', 'c', 'reason', '', 'detail', '{'],
    )
    await record('account.restore', 'u3')
    expect(await drain()).toMatchObject({ recorded: 2, buried: 4, ended: 'empty' })
    expect(await logged()).toEqual(['account.restore u1', 'account.restore u3'])
    expect((await letters()).map(({ reason }) => reason).sort()).toEqual([
      '23514',
      'field:actor',
      'field:detail',
      'field:target',
    ])
    // They stay in the log itself.
    expect(await redis.command('XLEN', AUDIT)).toBe(6)
  })

  it('takes the oldest off when the ledger has them, and keeps so many for the admin API', async () => {
    for (let n = 0; n < 23; n++) await record('account.restore', `u${n}`)
    expect(await drainKeeping(8)).toMatchObject({ recorded: 23 })
    const kept = await redis.command<number>('XLEN', AUDIT)
    expect(kept).toBeGreaterThanOrEqual(8)
    // The entry up to which it is sure is not taken itself.
    expect(kept).toBeLessThanOrEqual(9)
    expect((await read()).slice(0, 8)).toEqual(Array.from({ length: 8 }, (_, n) => `u${22 - n}`))
    expect(await logged()).toHaveLength(23)
  })

  it('takes nothing off that the ledger does not have, however long it is away', async () => {
    for (let n = 0; n < 12; n++) await record('account.restore', `u${n}`)
    await postgres.away(async () => {
      const report = await drainKeeping(2)
      expect(report).toMatchObject({ recorded: 0, buried: 0, ended: 'ledger_away' })
      expect(report.backlog.entries).toBe(5)
      expect(report.lagMs).toBeGreaterThan(0)
      expect(await redis.command('XLEN', AUDIT)).toBe(12)
    })
    // Of those that another run has read and not yet stored, none is taken either.
    await createUpstashActStream(where).unread(3)
    let report = await drainKeeping(2)
    // That a connection was ended may be found out by its use only.
    while (report.ended === 'ledger_away') report = await drainKeeping(2)
    expect(report).toMatchObject({ recorded: 12, backlog: { entries: 0 } })
    expect(await logged()).toHaveLength(12)
  })

  it('keeps what one run has read while another finishes later acts', async () => {
    for (let n = 0; n < 6; n++) await record('account.restore', `u${n}`)
    const stream = createUpstashActStream({ ...where, kept: 1 })
    const first = await stream.unread(2)
    const later = await stream.unread(4)
    await stream.finish(
      later.map(({ id }) => id),
      [],
    )
    expect(await redis.command('XLEN', AUDIT)).toBe(6)
    await stream.finish(
      first.map(({ id }) => id),
      [],
    )
    expect(await redis.command('XLEN', AUDIT)).toBeLessThan(6)
  })

  it('is told in the one line of a scheduled run', async () => {
    const { lines, log } = readLog()
    // Not the first minute of an hour, in which feedback is looked for too.
    const now = () => Date.UTC(2026, 10, 29, 21, 59)
    const run = createScheduledDrain({ drains: createDrains(stores), now, log })
    await record('account.restore', 'u1')
    await run()
    const nothing = {
      ended: 'empty',
      recorded: 0,
      duplicates: 0,
      buried: 0,
      backlog: 0,
      lag_ms: 0,
      took_ms: expect.any(Number),
    }
    expect(lines).toEqual([
      {
        level: 'info',
        event: 'ledger_drain',
        ...nothing,
        dead_letters: 0,
        acts: { ...nothing, recorded: 1 },
      },
    ])
  })
})
