import type { Forecast } from './forecast.ts'
import type { UsageSums } from './usage-sums.ts'

const MEASURES = ['requests', 'prompt_tokens', 'output_tokens'] as const
type Measure = (typeof MEASURES)[number]

/** One thing of a month: up to now, as it was forecast up to now, and both of the whole month; `usd` in US dollars. */
export type Outlook = {
  what: Measure | 'usd'
  so_far: number
  due: number
  at_this_rate: number
  forecast: number
}

/**
 * A month beside its forecast. What it costs so far nobody can read off: it is the bill that the forecast has for a load like
 * this month's, by the share of the month that has passed. The load is that of the measure that is furthest above its forecast.
 * @param elapsed the share of the month that has passed, above 0
 */
export function outlookOf(elapsed: number, used: Pick<UsageSums, Measure>, forecast: Forecast): Outlook[] {
  const { bills } = forecast
  const load = Math.max(
    ...MEASURES.map((name) => (forecast[name] === 0 ? 0 : used[name] / elapsed / forecast[name])),
  )
  const [atThisRate, planned] = [billAt(bills, load), billAt(bills, 1)]
  return [
    ...MEASURES.map((what) => ({
      what,
      so_far: used[what],
      due: forecast[what] * elapsed,
      at_this_rate: used[what] / elapsed,
      forecast: forecast[what],
    })),
    {
      ...{ what: 'usd' as const, so_far: atThisRate * elapsed, due: planned * elapsed },
      ...{ at_this_rate: atThisRate, forecast: planned },
    },
  ]
}

/**
 * The bill at a multiple of the forecast's load: between two that are known, along the line; below the first, the first, since a
 * deployment that nobody uses costs too; beyond the last, by its share.
 */
export function billAt(bills: Forecast['bills'], load: number): number {
  let before: Forecast['bills'][number] | undefined
  for (const bill of bills) {
    if (load <= bill.load) {
      if (!before) return bill.usd
      const share = (load - before.load) / (bill.load - before.load)
      return before.usd + (bill.usd - before.usd) * share
    }
    before = bill
  }
  return before ? (before.usd * load) / before.load : 0
}
