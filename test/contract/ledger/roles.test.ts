import { beforeEach, expect, it } from 'vitest'
import { ADA, BOB, clientOf, describeEachPostgres, usageEvent } from '../../fixtures/each-postgres.ts'

const OWN_TABLES = [
  'accounts',
  'account_overrides',
  'api_keys',
  'usage_events',
  'usage_daily',
  'usage_monthly',
  'feedback',
]
const TABLES = [...OWN_TABLES, 'plans', 'audit_log']
/** What may be read of each; api_keys has a hash that nobody may. */
const COLUMNS: Record<string, string> = { api_keys: 'account_id, key_id, name, prefix, made_by' }
const HASH = 'ab'.repeat(32)
const AT = Date.UTC(2026, 10, 21)

describeEachPostgres('row-level security', (postgres) => {
  /** A row of each table for both users. */
  beforeEach(async () => {
    const service = postgres.service()
    const done = async (name: string, args: object) => {
      const { error } = await service.rpc(name, args)
      expect(error, name).toBe(null)
    }
    await done('set_plan', { plan: 'pro', definition: { weight: 4 }, actor: 'root' })
    await done('set_plan', { plan: 'secret', definition: { weight: 9 }, actor: 'root' })
    for (const [index, user] of [ADA, BOB].entries()) {
      const account = postgres.account(user)
      const plan = index === 0 ? 'pro' : 'secret'
      await done('record_usage_events', { events: [usageEvent(`r-${index}`, account)] })
      const hash = HASH.replace('ab', `a${index}`)
      const times = { created_at: AT, expires_at: AT + 1e9 }
      const key = {
        key_id: `k${index}`,
        account_id: account,
        name: 'ci',
        prefix: 'thk_abcd',
        scopes: ['chat'],
      }
      await done('record_acts', {
        acts: [
          {
            stream_id: `${AT}-${index}`,
            at: AT,
            actor: 'root',
            action: 'account.plan',
            target: account,
            detail: {},
          },
        ],
        accounts: [{ id: account, status: 'active', plan_id: plan, billing_day: 3 }],
        keys: [{ ...key, ...times, hash }],
        read_at: AT,
      })
      await done('record_feedback', { account, request_id: `r-${index}`, rating: 1 })
    }
  })

  it('shows a user the rows of their own account, and those only', async () => {
    const ada = await postgres.user(ADA)
    for (const table of OWN_TABLES) {
      const { data, error } = await ada.from(table).select(COLUMNS[table] ?? '*')
      expect(error, table).toBe(null)
      const owners = (data as unknown as Record<string, string>[]).map((row) => row.account_id ?? row.id)
      expect(owners, table).toEqual([postgres.account(ADA)])
    }
  })

  it.each(OWN_TABLES)("gives nothing to who asks for another's rows of %s by name", async (table) => {
    const ada = await postgres.user(ADA)
    const owner = table === 'accounts' ? 'id' : 'account_id'
    const { data, error } = await ada
      .from(table)
      .select(COLUMNS[table] ?? '*')
      .eq(owner, postgres.account(BOB))
    expect([data, error]).toEqual([[], null])
    const service = await postgres
      .service()
      .from(table)
      .select(COLUMNS[table] ?? '*')
      .eq(owner, postgres.account(BOB))
    expect(service.data).toHaveLength(1)
  })

  it('shows a user the plan they are on, and no other', async () => {
    const { data } = await (await postgres.user(ADA)).from('plans').select('id')
    expect(data).toEqual([{ id: 'pro' }])
  })

  it("shows nobody a key's hash, and users no audit log", async () => {
    const ada = await postgres.user(ADA)
    for (const columns of ['hash', '*'])
      for (const client of [ada, postgres.service()])
        expect((await client.from('api_keys').select(columns)).error?.code, columns).toBe('42501')
    const log = await ada.from('audit_log').select()
    expect([log.status, log.error?.code]).toEqual([403, '42501'])
    expect((await postgres.service().from('audit_log').select()).data).toHaveLength(4)
  })

  it('shows who is not signed in nothing at all', async () => {
    for (const table of TABLES) {
      const { status, error } = await postgres.anon().from(table).select('*')
      expect([status, error?.code], table).toEqual([401, '42501'])
    }
    const called = await postgres.anon().rpc('own_account')
    expect([called.status, called.error?.code]).toEqual([401, '42501'])
  })

  it('lets no role write to any table, the service role included', async () => {
    const clients = { anon: postgres.anon(), user: await postgres.user(ADA), service: postgres.service() }
    for (const [role, client] of Object.entries(clients))
      for (const table of TABLES) {
        const column = { accounts: 'id', plans: 'id', audit_log: 'actor' }[table] ?? 'account_id'
        const row = { [column]: 'x' } as never
        const answers = [
          await client.from(table).insert(row),
          await client.from(table).update(row).not(column, 'is', null),
          await client.from(table).delete().not(column, 'is', null),
        ]
        expect(
          answers.map(({ error }) => error?.code),
          `${role} on ${table}`,
        ).toEqual(Array(3).fill('42501'))
      }
    expect((await postgres.service().from('usage_events').select()).data).toHaveLength(2)
  })

  it.each([
    ['update twohop.usage_events set units = 0', 'usage_events'],
    ['delete from twohop.usage_events', 'usage_events'],
    ['truncate twohop.usage_events', 'usage_events'],
    ['truncate twohop_private.usage_events_2026_11', 'usage_events'],
    ['delete from twohop_private.usage_events_2026_11', 'usage_events'],
    ["update twohop.audit_log set actor = 'nobody'", 'audit_log'],
    ['truncate twohop.audit_log', 'audit_log'],
  ])('refuses %s even to the superuser', async (statement, table) => {
    const { owner } = postgres.local()
    const counted = () =>
      owner.unsafe(`select count(*)::int as rows, sum(hashtext(t::text)) from twohop.${table} as t`)
    const before = [...(await counted())]
    await expect(owner.unsafe(statement)).rejects.toMatchObject({ code: '2F002' })
    expect([...(await counted())]).toEqual(before)
  })

  it('lets only the service role call a function that writes', async () => {
    const account = postgres.account(ADA)
    const calls: [string, object][] = [
      ['set_plan', { plan: 'pro', definition: {}, actor: 'me' }],
      ['record_acts', { acts: [], accounts: [], keys: [], read_at: 1 }],
      ['record_usage_events', { events: [usageEvent('forged', account)] }],
      ['record_feedback', { account, request_id: 'r-1', rating: -1 }],
      ['usage_totals', { month: '2026-11-01' }],
    ]
    for (const [name, args] of calls) {
      const anon = await postgres.anon().rpc(name, args)
      expect([anon.status, anon.error?.code], name).toEqual([401, '42501'])
      const user = await (await postgres.user(ADA)).rpc(name, args)
      expect([user.status, user.error?.code], name).toEqual([403, '42501'])
      expect((await postgres.service().rpc(name, args)).error, name).toBe(null)
    }
  })

  it('leaves partitions and inner functions out of the API', async () => {
    for (const client of [await postgres.user(ADA), postgres.service()]) {
      const partition = await client.schema('twohop_private').from('usage_events_2026_11').select()
      expect([partition.status, partition.error?.code]).toEqual([406, 'PGRST106'])
      expect((await client.from('usage_events_2026_11').select()).error?.code).toBe('PGRST205')
      expect((await client.rpc('ensure_usage_partition', { month: '2026-11-01' })).error?.code).toBe(
        'PGRST202',
      )
    }
    for (const role of ['anon', 'authenticated', 'service_role'])
      await expect(
        postgres.local().owner.begin(async (sql) => {
          await sql.unsafe(`set local role ${role}`)
          await sql`select from twohop_private.usage_events_2026_11`
        }),
      ).rejects.toMatchObject({ code: '42501' })
  })

  it("knows a Firebase user's account by the claims of a third-party token, and no other issuer's", async () => {
    const accountOf = (claims: object) =>
      postgres.local().owner.begin(async (sql) => {
        await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`
        return (await sql`select twohop.own_account() as account`)[0]?.account
      })
    const google = 'https://securetoken.google.com/my-project'
    expect(await accountOf({ iss: google, sub: 'Uid:1' })).toBe('firebase:my-project:Uid:1')
    expect(await accountOf({ iss: 'https://abc.supabase.co/auth/v1', sub: ADA.toUpperCase() })).toBe(
      `supabase:abc.supabase.co:${ADA}`,
    )
    for (const iss of [`${google}/x`, 'https://evil.example', `https://evil.example/${google}`, ''])
      expect(await accountOf({ iss, sub: 'ada' }), iss).toBe(null)
    expect(await accountOf({ iss: google })).toBe(null)
    expect(await accountOf({})).toBe(null)
  })

  it('takes no token that is expired, of another issuer, altered, or of another role', async () => {
    const issuer = postgres.issuer()
    const { url, publishableKey } = postgres.local()
    const read = async (token: string) => {
      const { status, error } = await clientOf(url, publishableKey, token).from('accounts').select()
      return [status, error?.code]
    }
    const good = await postgres.token(ADA)
    expect(await read(good)).toEqual([200, undefined])
    const [head, claims, signature] = good.split('.') as [string, string, string]
    const root = btoa(JSON.stringify({ ...JSON.parse(atob(claims)), role: 'service_role' })).replace(
      /=+$/,
      '',
    )
    expect(await read([head, root, signature].join('.'))).toEqual([401, 'PGRST301'])
    expect(await read(await postgres.token(ADA, 3_601_000))).toEqual([401, 'PGRST303'])
    expect(await read(await issuer.mintFirebase({ uid: 'ada' }))).toEqual([401, 'PGRST301'])
    expect(await read('nonsense')).toEqual([401, 'PGRST301'])
    expect((await clientOf(url, 'sb_secret_guessed').from('accounts').select()).status).toBe(401)
  })
})
