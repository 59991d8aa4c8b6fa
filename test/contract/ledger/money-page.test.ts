import { expect, it } from 'vitest'
import { blocksIn, placeOf } from '../../fixtures/commands/blocks.ts'
import { describeEachPostgres, usageEvent } from '../../fixtures/each-postgres.ts'

const examples = blocksIn('sql').filter(({ page }) => ['docs/money.md', 'docs/versions.md'].includes(page))
const [detach] = blocksIn('sql').filter(({ page }) => page === 'supabase/README.md')

describeEachPostgres('the SQL of the pages', (postgres) => {
  it.each(examples.map((block) => [placeOf(block), block.text] as const))(
    'works as pasted: %s',
    async (_place, sql) => {
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
      if (sql.includes('model_version')) expect(rows[0]).toMatchObject({ requests: '2' })
    },
  )

  it('are seven examples', () => expect(examples).toHaveLength(7))

  it('takes a month away, as supabase/README.md says', async () => {
    const { owner } = postgres.local()
    await owner`select twohop_private.ensure_usage_partition('2020-01-01')`
    const statements = (detach?.text ?? '')
      .replaceAll('2026_11', '2020_01')
      .split(';')
      .filter((one) => one.trim())
    expect(statements).toHaveLength(2)
    // One by one, as psql sends them: the first cannot be part of a transaction.
    for (const statement of statements) await owner.unsafe(statement)
    const left = await owner`select from pg_class where relname = 'usage_events_2020_01'`
    expect(left.count).toBe(0)
  })
})
