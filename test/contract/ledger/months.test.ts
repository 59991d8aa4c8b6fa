import { expect, it } from 'vitest'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { ADA, describeEachPostgres, usageEvent } from './each-postgres.ts'

describeEachPostgres("an account's months", (postgres) => {
  const ledger = () => {
    const { url, secretKey } = postgres.local()
    return createSupabaseLedger({ url, key: secretKey, fetch })
  }
  const at = (id: string, account: string, reserved: number, changes = {}) => ({
    ...usageEvent(id, account),
    ...{ reserved_at: reserved, at: reserved },
    ...changes,
  })

  it('are its sums by UTC month and model, in order, and of nobody else', async () => {
    await ledger().record([
      at('r1', 'ada', Date.UTC(2025, 0, 1)),
      at('r2', 'ada', Date.UTC(2025, 0, 31, 23, 59, 59, 999)),
      at('r3', 'ada', Date.UTC(2025, 1, 1)),
      at('r4', 'ada', Date.UTC(2025, 1, 2), { model: 'another' }),
      at('r5', 'bob', Date.UTC(2025, 1, 2)),
    ])
    const one = { requests: 1, prompt_tokens: 3, output_tokens: 5, units: 23 }
    expect(await ledger().months('ada', { from: '2025-01', to: '2025-02' })).toEqual([
      { month: '2025-01', model: 'tiny-chat', requests: 2, prompt_tokens: 6, output_tokens: 10, units: 46 },
      { month: '2025-02', model: 'another', ...one },
      { month: '2025-02', model: 'tiny-chat', ...one },
    ])
    expect(await ledger().months('ada', { from: '2025-02', to: '2025-02' })).toHaveLength(2)
    expect(await ledger().months('ada', { from: '2024-01', to: '2024-12' })).toEqual([])
  })

  it('are for the service alone', async () => {
    const asked = { account: 'ada', first: '2025-01-01', last: '2025-01-01' }
    expect((await postgres.anon().rpc('usage_months', asked)).error?.code).toBe('42501')
    const user = await postgres.user(ADA)
    expect((await user.rpc('usage_months', asked)).error?.code).toBe('42501')
  })
})
