import { expect, it } from 'vitest'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { migrate } from '../../../local/postgres/migrate.ts'
import { ADA, describeEachPostgres, usageEvent } from '../../fixtures/each-postgres.ts'

describeEachPostgres('the months of the ledger', (postgres) => {
  const ledger = () => {
    const { url, secretKey } = postgres.local()
    return createSupabaseLedger({ url, key: secretKey, fetch })
  }
  const at = (id: string, account: string, reserved: number, changes = {}) => ({
    ...usageEvent(id, account),
    ...{ reserved_at: reserved, at: reserved },
    ...changes,
  })

  it('are sums of an account by UTC month and model, in order, and of nobody else', async () => {
    await ledger().record([
      at('r1', 'ada', Date.UTC(2025, 0, 1)),
      at('r2', 'ada', Date.UTC(2025, 0, 31, 23, 59, 59, 999)),
      at('r3', 'ada', Date.UTC(2025, 1, 1)),
      at('r4', 'ada', Date.UTC(2025, 1, 2), { model: 'another' }),
      at('r5', 'bob', Date.UTC(2025, 1, 2)),
    ])
    const one = { requests: 1, prompt_tokens: 3, output_tokens: 5, units: 23 }
    expect(await ledger().months.of('ada', { from: '2025-01', to: '2025-02' })).toEqual([
      { month: '2025-01', model: 'tiny-chat', requests: 2, prompt_tokens: 6, output_tokens: 10, units: 46 },
      { month: '2025-02', model: 'another', ...one },
      { month: '2025-02', model: 'tiny-chat', ...one },
    ])
    expect(await ledger().months.of('ada', { from: '2025-02', to: '2025-02' })).toHaveLength(2)
    expect(await ledger().months.of('ada', { from: '2024-01', to: '2024-12' })).toEqual([])
  })

  it('are summed up for all accounts by each batch, corrections and all, and no event counts twice', async () => {
    const batch = [
      at('r1', 'ada', Date.UTC(2025, 0, 31, 23, 59, 59, 999)),
      at('r2', 'bob', Date.UTC(2025, 0, 1)),
      at('r3', 'bob', Date.UTC(2025, 1, 2), { model: 'another' }),
    ]
    await ledger().record(batch)
    await ledger().record([
      ...batch,
      at('r2', 'bob', Date.UTC(2025, 0, 1), { kind: 'correction', units: -3, output_tokens: 1 }),
      at('r4', 'cy', Date.UTC(2025, 1, 3)),
    ])
    const one = { requests: 1, prompt_tokens: 3, output_tokens: 5, units: 23 }
    const january = { month: '2025-01', model: 'tiny-chat', requests: 2, prompt_tokens: 9, output_tokens: 11 }
    expect(await ledger().months.ofAll({ from: '2025-01', to: '2025-02' })).toEqual([
      { ...january, units: 43 },
      { month: '2025-02', model: 'another', ...one },
      { month: '2025-02', model: 'tiny-chat', ...one },
    ])
    expect(await ledger().months.ofAll({ from: '2025-02', to: '2025-02' })).toHaveLength(2)
    expect(await ledger().months.ofAll({ from: '2024-01', to: '2024-12' })).toEqual([])
  })

  it('are summed up for all accounts once, where the ledger is older than that', async () => {
    const { owner } = postgres.local()
    await owner`drop trigger usage_events_added on twohop.usage_events`
    await owner`drop table twohop.all_usage_monthly`
    await ledger().record([at('r1', 'ada', Date.UTC(2025, 0, 1)), at('r2', 'bob', Date.UTC(2025, 0, 2))])
    for (let time = 0; time < 2; time++) await migrate(owner)
    await ledger().record([at('r3', 'ada', Date.UTC(2025, 0, 3))])
    expect(await ledger().months.ofAll({ from: '2025-01', to: '2025-01' })).toEqual([
      { month: '2025-01', model: 'tiny-chat', requests: 3, prompt_tokens: 9, output_tokens: 15, units: 69 },
    ])
  })

  it('are the newest, where there are more than an answer holds', async () => {
    const { owner } = postgres.local()
    await owner`insert into twohop.all_usage_monthly
      select to_char(month, 'YYYY-MM'), 'model-' || number, 1, 0, 0, 0
      from generate_series(timestamp '2021-01-01', timestamp '2025-12-01', interval '1 month') as month,
        generate_series(1, 40) as number`
    await owner`insert into twohop.usage_daily
      select 'ada', (month || '-01')::date, model, 1, 0, 0, 0, 0 from twohop.all_usage_monthly`
    const span = { from: '2021-01', to: '2025-12' }
    for (const found of [await ledger().months.ofAll(span), await ledger().months.of('ada', span)]) {
      expect(found).toHaveLength(2000)
      expect([found[0]?.month, found.at(-1)?.month]).toEqual(['2021-11', '2025-12'])
    }
  })

  it('are for the service alone', async () => {
    const span = { first: '2025-01-01', last: '2025-01-01' }
    for (const [name, asked] of [
      ['usage_months', { account: 'ada', ...span }],
      ['all_usage_months', span],
    ] as const) {
      expect((await postgres.anon().rpc(name, asked)).error?.code, name).toBe('42501')
      const user = await postgres.user(ADA)
      expect((await user.rpc(name, asked)).error?.code, name).toBe('42501')
    }
  })
})
