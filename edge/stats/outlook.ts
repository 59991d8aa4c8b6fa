import { DAY_MS, daysOfMonth, elapsedOf } from './days.ts'
import type { Forecast } from './forecast.ts'
import type { MonthSoFar } from './port.ts'

const MEASURES = ['requests', 'prompt_tokens', 'output_tokens'] as const
type Measure = (typeof MEASURES)[number]

/** The whole days before today by which the rest of a month is reckoned: one of each day of the week. */
export const RATE_DAYS = 7

/**
 * One thing of a month: up to now, as it was forecast up to now, and both of the whole month; `usd` in US dollars. At this rate
 * it is what there is so far, and for the rest of the month what the last days bring. So it is calm when a month begins.
 */
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
 * @param at milliseconds since the epoch
 */
export function outlookOf(at: number, { used, recent }: MonthSoFar, forecast: Forecast): Outlook[] {
  const { bills } = forecast
  const elapsed = elapsedOf(at)
  const daysLeft = daysOfMonth(at) * (1 - elapsed)
  // Of less than a day nobody can tell a rate.
  const daysOfRate = Math.max(1, (at - Date.parse(recent.from)) / DAY_MS)
  const atThisRate = (name: Measure) => used[name] + (recent.used[name] / daysOfRate) * daysLeft
  const billOf = (month: (name: Measure) => number) =>
    billAt(
      bills,
      Math.max(...MEASURES.map((name) => (forecast[name] === 0 ? 0 : month(name) / forecast[name]))),
    )
  const planned = billAt(bills, 1)
  return [
    ...MEASURES.map((what) => ({
      what,
      so_far: used[what],
      due: forecast[what] * elapsed,
      at_this_rate: atThisRate(what),
      forecast: forecast[what],
    })),
    {
      what: 'usd' as const,
      so_far: billOf((name) => used[name] / elapsed) * elapsed,
      due: planned * elapsed,
      at_this_rate: billOf(atThisRate),
      forecast: planned,
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
