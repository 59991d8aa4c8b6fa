import { windowsOf } from '../../shared/media.ts'
import { Prices, unitsOf } from '../../shared/units.ts'
import { ceilDivide, type Rates } from './rates.ts'

/** How much a user may ask for: what a plan's budgets are made for. */
export type Habits = {
  requestsPerDay: number
  promptTokens: number
  outputTokens: number
  /** Tokens that the images of a prompt count as, besides. */
  imageTokens?: number | undefined
  /** Seconds of audio in place of a prompt, for a model that hears. */
  audioSeconds?: number | undefined
}

/** Budgets of a plan, in units. */
export type Budgets = { minute: number; day: number; month: number }

/** What you want to keep of a user's price, and what else it has to pay for. */
export type Terms = {
  /** Share of the price that remains when the whole budget is spent, in percent. */
  margin: number
  /** Cents a month that the deployment costs whoever asks, for all users together. */
  fixedCents: number
  users: number
  unitsPerDollar: number
}

/** A unit is a millionth of a cent, as in docs/money.md: tokens of a dollar a million cost a hundred of them. */
export const UNITS_PER_DOLLAR = 100_000_000

const PICOS_PER_DOLLAR = 1_000_000_000_000n

/** The longest month, so that nobody who keeps to the habits is refused on its last day. */
const DAYS = 31

/** The edge holds a token for each byte of a prompt, and a word's token is rarely longer than this. */
const BYTES_A_TOKEN = 6

/** Tokens that Whisper's texts of a window have at most: the edge holds as many for each. */
const WINDOW_TOKENS = 448

/** A load or a price that is beyond what can be counted, or a price that pays for nothing. */
export class OfferError extends Error {
  readonly code = 'no_offer'
}

/**
 * The catalog's prices: units a token, rounded up, so that units are never worth less than the tokens cost. A prompt is
 * charged as if nothing of it were found in a cache.
 * @throws OfferError where a price is more than can be counted exactly
 */
export function catalogPrices({ input, output, cached = 0, audio }: Rates, unitsPerDollar: number): Prices {
  const unitsOfRate = (rate: number) =>
    Number(ceilDivide(BigInt(rate) * BigInt(unitsPerDollar), PICOS_PER_DOLLAR))
  const prices = Prices.safeParse({
    prompt: unitsOfRate(Math.max(input, cached)),
    output: unitsOfRate(output),
    compute_second: 0,
    ...(audio !== undefined && { audio_second: unitsOfRate(audio) }),
  })
  if (!prices.success) throw new OfferError('Such prices are more units than can be counted exactly.')
  return prices.data
}

/** The most units that the edge holds for one request of these habits while it runs. */
export function heldUnits(prices: Prices, habits: Habits): number {
  const { promptTokens, outputTokens, imageTokens = 0, audioSeconds } = habits
  const held =
    audioSeconds === undefined
      ? { promptTokens: promptTokens * BYTES_A_TOKEN + imageTokens, outputTokens }
      : { promptTokens: audioSeconds, outputTokens: windowsOf(audioSeconds) * WINDOW_TOKENS }
  return counted(() => unitsOf(prices, held))
}

/** What a prompt is counted as: its tokens with those of its images, or its seconds. */
export const promptCount = ({ promptTokens, imageTokens = 0, audioSeconds }: Habits): number =>
  audioSeconds ?? promptTokens + imageTokens

/** The units of a month of these habits; never less than one request may hold. */
export function monthUnits(prices: Prices, habits: Habits): number {
  const { requestsPerDay, outputTokens } = habits
  const requests = Math.ceil(requestsPerDay * DAYS)
  const month = counted(() =>
    unitsOf(prices, { promptTokens: requests * promptCount(habits), outputTokens: requests * outputTokens }),
  )
  return Math.max(month, heldUnits(prices, habits))
}

/**
 * A plan's budgets around its month: a day may use a tenth of it, a minute a tenth of that, and each holds two requests
 * at once where the month does.
 * @param held units that one request may hold; no more than the month
 */
export function budgetsOf(month: number, held: number): Budgets {
  const minute = Math.min(month, Math.max(Math.ceil(month / 100), 2 * held))
  return { minute, day: Math.max(minute, Math.ceil(month / 10)), month }
}

/** The least whole cents a month of which the margin remains when a user has spent the whole budget. */
export function userCents(month: number, { margin, fixedCents, users, unitsPerDollar }: Terms): number {
  const [perDollar, heads] = [BigInt(unitsPerDollar), BigInt(users)]
  const cost = BigInt(month) * 100n * heads + BigInt(fixedCents) * perDollar
  return Number(ceilDivide(cost * 100n, perDollar * heads * BigInt(100 - margin)))
}

/**
 * The most units a month that a price pays for with its margin.
 * @throws OfferError where nothing is left for tokens, or it is more than can be counted
 */
export function monthFor(cents: number, { margin, fixedCents, users, unitsPerDollar }: Terms): number {
  const [perDollar, heads] = [BigInt(unitsPerDollar), BigInt(users)]
  const left = BigInt(cents) * BigInt(100 - margin) * heads - BigInt(fixedCents) * 100n
  const month = Number((left * perDollar) / (10_000n * heads))
  if (month <= 0) throw new OfferError('After the margin and the fixed costs nothing of that price is left.')
  if (!Number.isSafeInteger(month)) throw new OfferError('That is more units than can be counted exactly.')
  return month
}

function counted(count: () => number): number {
  try {
    return count()
  } catch (error) {
    if (error instanceof RangeError)
      throw new OfferError('That is more units than can be counted exactly; ask for fewer tokens.')
    throw error
  }
}
