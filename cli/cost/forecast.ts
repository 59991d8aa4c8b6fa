import type { Speeds } from './devices.ts'
import { inDollars } from './money.ts'
import { monthOf, unlessBeyond } from './outlook.ts'
import type { Combination, PriceBook } from './price-book.ts'
import { requestsOf, type Workload } from './workload.ts'

/** Multiples of the workload for which a forecast has a bill. A bill has steps, so there are more where one begins. */
const LOADS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10, 20] as const

/**
 * A month of one combination as the edge takes it (`COST_FORECAST`): the load, and the bills at multiples of it. A multiple that
 * no plan serves is left out.
 */
export function forecastOf(book: PriceBook, combination: Combination, workload: Workload, speeds: Speeds) {
  const requests = requestsOf(workload)
  return {
    combination: combination.id,
    requests,
    prompt_tokens: requests * (workload.promptTokens + (workload.imageTokens ?? 0)),
    output_tokens: requests * workload.outputTokens,
    bills: LOADS.flatMap((load) => {
      const scaled = { ...workload, users: workload.users * load }
      const month = unlessBeyond(() => monthOf(book, combination, scaled, speeds))
      return month ? [{ load, usd: inDollars(month.bill.total) }] : []
    }),
  }
}
