import { describe, expect, it } from 'vitest'
import { createReconcile, type UnitsByWindow } from '../../../../edge/ledger/reconcile.ts'
import { WINDOW_KEPT_MS } from '../../../../edge/store/lifetimes.ts'

const units = (windows: Record<string, number>): UnitsByWindow =>
  new Map([['ada', new Map(Object.entries(windows))]])

/** Names of the windows that differ when the ledger holds 5 units in `window` and Redis has no counter. */
async function missed(window: string, now: number): Promise<string[]> {
  const reconcile = createReconcile({
    ledger: {
      totals: async (_month, after) =>
        after === '' ? [{ account: 'ada', windows: { [window]: { units: 5, rolled: 5 } } }] : [],
    },
    counters: { used: async () => new Map(), waiting: async () => new Map() },
    now: () => now,
  })
  const { differences } = await reconcile('2026-01')
  return differences.map((difference) => difference.window)
}

describe('reconciliation', () => {
  it.each([
    ['day:2026-01-31', Date.UTC(2026, 1, 1)],
    ['month:2026-01', Date.UTC(2026, 1, 1)],
    ['month:2026-12', Date.UTC(2027, 0, 1)],
    ['month:2026-01-14', Date.UTC(2026, 1, 14)],
    ['month:2026-01-31', Date.UTC(2026, 1, 28)],
    ['month:2026-02-28', Date.UTC(2026, 2, 28)],
  ])('misses the counter of %s until counters of its time have ended', async (window, end) => {
    expect(await missed(window, end + WINDOW_KEPT_MS - 1)).toEqual([window])
    expect(await missed(window, end + WINDOW_KEPT_MS)).toEqual([])
  })

  it('judges a counter that is still there however old its window', async () => {
    const reconcile = createReconcile({
      ledger: { totals: async () => [] },
      counters: {
        used: async () => units({ 'day:2026-01-02': 3, 'day:2026-01-03': 4 }),
        waiting: async () => units({ 'day:2026-01-02': 3 }),
      },
      now: () => Date.UTC(2027, 0, 1),
    })
    expect(await reconcile('2026-01')).toEqual({
      accounts: 1,
      windows: 2,
      differences: [
        { account: 'ada', window: 'day:2026-01-03', counter: 4, ledger: 0, waiting: 0, rolled: 0 },
      ],
    })
  })

  it('keeps a difference only when it is off by the same units at the second look', async () => {
    let looks = 0
    const reconcile = createReconcile({
      ledger: { totals: async () => [] },
      counters: {
        // The month moves with what waits, the second day stays, the third changes between the looks.
        used: async () => {
          looks++
          return units({ 'month:2026-01': looks === 1 ? 7 : 9, 'day:2026-01-02': 2, 'day:2026-01-03': looks })
        },
        waiting: async () => units(looks < 1 ? {} : { 'month:2026-01': 2 }),
      },
      now: () => 0,
    })
    const { differences } = await reconcile('2026-01')
    expect(looks).toBe(2)
    expect(differences).toEqual([
      { account: 'ada', window: 'month:2026-01', counter: 9, ledger: 0, waiting: 2, rolled: 0 },
      { account: 'ada', window: 'day:2026-01-02', counter: 2, ledger: 0, waiting: 0, rolled: 0 },
    ])
  })
})
