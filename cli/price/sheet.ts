import { type Prices, unitsOf } from '../../shared/units.ts'
import { dollars } from '../cost/money.ts'
import {
  type Budgets,
  budgetsOf,
  catalogPrices,
  type Habits,
  heldUnits,
  monthFor,
  monthUnits,
  OfferError,
  promptCount,
  type Terms,
  userCents,
} from './offer.ts'
import type { Rates } from './rates.ts'

/** All that follows from what tokens cost and what a user may ask for. */
export type Sheet = {
  rates: Rates
  prices: Prices
  budgets: Budgets
  habits: Habits
  terms: Terms
  /** What a user who spends the whole budget costs at most, in micro-dollars: the budget's worth, rounded up. */
  worstMicros: number
  /** What a user pays a month, in cents. */
  cents: number
}

/**
 * Prices, budgets and a user's price from what tokens cost.
 * @param cents the user's price, where that is what you know; else it follows from the habits
 * @throws OfferError where a price pays for less than one request, or numbers are beyond what can be counted
 */
export function sheetOf(rates: Rates, habits: Habits, terms: Terms, cents?: number): Sheet {
  const prices = catalogPrices(rates, terms.unitsPerDollar)
  const held = heldUnits(prices, habits)
  if (held === 0) throw new OfferError('Such a request costs nothing, so there is no budget to make.')
  const month = cents === undefined ? monthUnits(prices, habits) : monthFor(cents, terms)
  if (held > month)
    throw new OfferError(
      `That price pays for ${month} units a month, and the edge holds ${held} for one such request: ` +
        'ask for more, or allow fewer tokens.',
    )
  return {
    rates,
    prices,
    budgets: budgetsOf(month, held),
    habits,
    terms,
    worstMicros: Number(
      (BigInt(month) * 1_000_000n + BigInt(terms.unitsPerDollar) - 1n) / BigInt(terms.unitsPerDollar),
    ),
    cents: cents ?? userCents(month, terms),
  }
}

/** The sheet for machines. Money is in whole micro-dollars and cents; `prices` and `budgets` are the catalog's own. */
export function sheetJson({ rates, prices, budgets, terms, worstMicros, cents }: Sheet) {
  return {
    units_per_dollar: terms.unitsPerDollar,
    prices,
    budgets,
    user_month_cents: cents,
    worst_cost_microdollars: worstMicros,
    margin_percent: terms.margin,
    million_tokens_microdollars: { input: rates.input, output: rates.output, cached: rates.cached ?? null },
    ...(rates.audio !== undefined && { million_audio_seconds_microdollars: rates.audio }),
  }
}

const count = (number: number) => number.toLocaleString('en-US')

function promptOf({ promptTokens, imageTokens = 0, audioSeconds }: Habits): string {
  if (audioSeconds !== undefined) return `${count(audioSeconds)} s of audio`
  const images = imageTokens > 0 ? ` and ${count(imageTokens)} of images` : ''
  return `${count(promptTokens)} tokens${images}`
}

/** The sheet for people, with what to paste into a catalog. */
export function sheetText({ rates, prices, budgets, habits, terms, worstMicros, cents }: Sheet): string {
  const cached =
    rates.cached === undefined
      ? []
      : [`from a cache    ${dollars(rates.cached, 4)} (charged as input: what it saves is yours)`]
  const requests = Math.floor(
    budgets.month /
      Math.max(1, unitsOf(prices, { promptTokens: promptCount(habits), outputTokens: habits.outputTokens })),
  )
  const fixed =
    terms.fixedCents > 0
      ? [
          `Beside tokens: ${dollars(terms.fixedCents * 10_000)} a month for all, shared by ${count(terms.users)} users.`,
        ]
      : []
  return `${[
    'What a million tokens cost you',
    `  input           ${dollars(rates.input, 4)}`,
    `  output          ${dollars(rates.output, 4)}`,
    ...(rates.audio === undefined
      ? []
      : [`  an hour of audio  ${dollars(Math.ceil(rates.audio * 0.0036), 4)}`]),
    ...cached.map((line) => `  ${line}`),
    '',
    `For the model in your catalog (${count(terms.unitsPerDollar)} units are $1):`,
    `  "prices": ${JSON.stringify(prices)}`,
    '',
    'For the plan there:',
    `  "budgets": ${JSON.stringify(budgets)}`,
    '',
    `That is ${count(requests)} requests a month of ${promptOf(habits)} in and ${count(habits.outputTokens)} out, or whatever else costs as much.`,
    `A user who spends it all costs you ${dollars(worstMicros, 4)} a month at most.`,
    ...fixed,
    `Ask each for ${dollars(cents * 10_000)} a month: at least ${terms.margin} % of it remains.`,
  ].join('\n')}\n`
}
