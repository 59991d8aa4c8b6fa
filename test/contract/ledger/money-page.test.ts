import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { describeEachPostgres, usageEvent } from './each-postgres.ts'

const page = await readFile(new URL('../../../docs/money.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/^```sql\n([\s\S]+?)^```/gm)].map(([, sql = '']) => sql)

describeEachPostgres('the examples of docs/money.md', (postgres) => {
  it.each(examples.map((sql, n) => [n + 1, sql] as const))('work as pasted: %d', async (_n, sql) => {
    const account = 'firebase:my-project:some-uid'
    const now = Date.now()
    const time = { reserved_at: now, at: now }
    const event = (id: string, changes: object) => usageEvent(id, account, { ...time, ...changes })
    const events = [
      event('r1', { reported_units: 150, key_id: 'k1' }),
      event('r2', { outcome: 'unsettled', units: 100 }),
      event('r2', { kind: 'correction', units: -60 }),
    ]
    const service = postgres.service()
    expect((await service.rpc('record_usage_events', { events })).data).toMatchObject({ recorded: 3 })
    const act = { actor: 'root', action: 'account.grant', target: account, reason: 'because', detail: {} }
    const acts = [{ ...act, stream_id: `${now}-0`, at: now }]
    await service.rpc('record_acts', { acts, accounts: [], keys: [], read_at: now })
    const rows = await postgres.local().owner.unsafe(sql)
    expect(rows.length).toBeGreaterThan(0)
    if (sql.includes('given_back')) expect(rows[0]).toMatchObject({ charged: '100', given_back: '60' })
    if (sql.includes('dollars')) expect(rows[0]).toMatchObject({ units: '63', requests: '2' })
  })

  it('are six', () => expect(examples).toHaveLength(6))
})
