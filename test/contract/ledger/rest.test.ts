import { beforeEach, describe, expect, it } from 'vitest'
import { ADA, running, usageEvent } from '../../fixtures/each-postgres.ts'

describe('the local REST API, called by supabase-js', () => {
  const postgres = running()
  const ids = async (query: PromiseLike<{ data: unknown; error: unknown }>) => {
    const { data, error } = await query
    expect(error).toBe(null)
    return (data as { request_id: string }[]).map(({ request_id }) => request_id)
  }
  const events = () => postgres.service().from('usage_events')

  beforeEach(async () => {
    const account = postgres.account(ADA)
    const batch = ['a', "b'); drop table x; --", 'c,d', 'e\\'].map((id, units) =>
      usageEvent(id, account, { units, model: units % 2 === 0 ? 'tiny-chat' : 'tiny-embed' }),
    )
    expect((await postgres.service().rpc('record_usage_events', { events: batch })).data).toMatchObject({
      recorded: 4,
    })
  })

  it('filters by every operator it knows', async () => {
    const by = (column: string, operator: string, value: unknown) =>
      ids(events().select('request_id').filter(column, operator, value).order('units'))
    expect(await ids(events().select().eq('request_id', "b'); drop table x; --"))).toEqual([
      "b'); drop table x; --",
    ])
    expect(await ids(events().select().eq('request_id', 'e\\'))).toEqual(['e\\'])
    expect(await ids(events().select().in('request_id', ['a', 'c,d']).order('units'))).toEqual(['a', 'c,d'])
    expect(await by('units', 'gt', 1)).toEqual(['c,d', 'e\\'])
    expect(await by('units', 'gte', 3)).toEqual(['e\\'])
    expect(await by('units', 'lt', 1)).toEqual(['a'])
    expect(await by('units', 'lte', 0)).toEqual(['a'])
    expect(await by('units', 'not.in', '(0,1,2)')).toEqual(['e\\'])
    expect(await by('model', 'neq', 'tiny-chat')).toHaveLength(2)
    expect(await by('model', 'like', '*embed')).toHaveLength(2)
    expect(await by('reserved_at', 'gte', '2026-11-21T10:59:31Z')).toEqual([])
    expect(await by('reserved_at', 'is', 'null')).toEqual([])
    expect(await by('reserved_at', 'not.is', 'null')).toHaveLength(4)
  })

  it('orders, limits and gives a range with its count', async () => {
    expect(
      await ids(events().select('request_id,units').order('model').order('units', { ascending: false })),
    ).toEqual(['c,d', 'a', 'e\\', "b'); drop table x; --"])
    expect(await ids(events().select().order('units').limit(1))).toEqual(['a'])
    const page = await events().select('sum:units', { count: 'exact' }).order('units').range(1, 2)
    expect([page.status, page.count, page.data]).toEqual([206, 4, [{ sum: 1 }, { sum: 2 }]])
    const head = await events().select('*', { count: 'exact', head: true })
    expect([head.status, head.count]).toEqual([200, 4])
  })

  it('gives one row as an object, and says when there is not one', async () => {
    const one = await events().select('units').eq('request_id', 'a').single()
    expect(one.data).toEqual({ units: 0 })
    const many = await events().select('units').single()
    expect([many.status, many.error?.code]).toEqual([406, 'PGRST116'])
    expect((await events().select().eq('units', 99).maybeSingle()).data).toBe(null)
  })

  it('calls functions: a value, rows of nothing, an unknown one, wrong arguments', async () => {
    const service = postgres.service()
    expect(await service.rpc('own_account')).toMatchObject({ status: 200, data: null, error: null })
    const nothing = await service.rpc('set_plan', { plan: 'p', definition: {}, actor: 'root' })
    expect([nothing.status, nothing.data, nothing.error]).toEqual([204, null, null])
    for (const [name, args] of [
      ['no_such_function', {}],
      ['usage_totals', {}],
      ['usage_totals', { month: '2026-11-01', more: 1 }],
    ] as const) {
      const { status, error } = await service.rpc(name, args)
      expect([status, error?.code], name).toEqual([404, 'PGRST202'])
    }
  })

  it("answers with PostgREST's status and code for what goes wrong", async () => {
    const service = postgres.service()
    const codes = async (call: PromiseLike<{ status: number; error: { code: string } | null }>) => {
      const { status, error } = await call
      return [status, error?.code]
    }
    expect(await codes(service.from('no_such_table').select())).toEqual([404, 'PGRST205'])
    expect(await codes(events().select('no_such_column'))).toEqual([400, '42703'])
    expect(await codes(events().select().eq('units', 'many'))).toEqual([400, '22P02'])
    expect(await codes(events().select('feedback(*)'))).toEqual([400, 'PGRST100'])
    expect(await codes(events().select().filter('units', 'fts', '1'))).toEqual([400, 'PGRST100'])
    const key = { account_id: 'a', name: 'k', prefix: 'thk_', hash: '00'.repeat(32), scopes: ['chat'] }
    const keys = ['k1', 'k2'].map((key_id) => ({ ...key, key_id, created_at: 1, expires_at: 2 }))
    expect(await codes(service.rpc('record_acts', { acts: [], accounts: [], keys, read_at: 1 }))).toEqual([
      409,
      '23505',
    ])
    const deeper = await service.schema('pg_catalog').from('pg_authid').select()
    expect([deeper.status, deeper.error?.code]).toEqual([406, 'PGRST106'])
  })

  it('answers nobody without a key', async () => {
    const { url, secretKey } = postgres.local()
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${url}/rest/v1/usage_events`, { headers })).status
    expect(await status({})).toBe(401)
    expect(await status({ authorization: `Bearer ${secretKey}` })).toBe(401)
    expect(await status({ apikey: secretKey })).toBe(200)
    expect(await status({ apikey: `${secretKey}x` })).toBe(401)
  })
})
