import type { Context, Handler } from 'hono'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { secondOf } from '../../shared/seconds.ts'
import { type Caller, requireAdmin } from '../access/caller.ts'
import { type Administered, createReach } from '../admin/target.ts'
import { spenderId } from '../budget/port.ts'
import type { ReadMonths } from '../ledger/months.ts'
import { type Histogram, quantile } from '../stats/buckets.ts'
import { dayFrom, dayOf, elapsedOf, lengthOf, monthFrom, monthNumber } from '../stats/days.ts'
import type { Forecast } from '../stats/forecast.ts'
import { outlookOf } from '../stats/outlook.ts'
import type { DayStats, LatestRequest, ReadStats, Span } from '../stats/port.ts'
import { HISTORY_DAYS } from '../store/lifetimes.ts'
import type { Env } from './env.ts'

type Options = {
  callerOf: (c: Context) => Promise<Caller>
  readStats: ReadStats
  /** Reads the ledger's sums; undefined where there is no ledger. */
  readMonths: ReadMonths | undefined
  /** What a month was said to cost; undefined where nobody has said it. */
  forecast: Forecast | undefined
  administered: Administered
  /** Milliseconds since the epoch. */
  now: () => number
}

/** How many of an account's latest requests are shown at most. */
const LATEST_SHOWN = 50

/** The months of a view where its query names none, and how many there are at most. */
const MONTHS_SHOWN = 24
const MOST_MONTHS = 60
/** Before it there was nothing to use; Postgres has no year 0. */
const FIRST_MONTH = '2000-01'

/** How many top accounts of a day are shown, of those whom the caller administers. */
const TOP_SHOWN = 10

/** The days of a view where its query names none: the last 30. */
const DAYS_SHOWN = 30

/** A day of the calendar; a name of a day that there is not becomes another one. */
const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && dayFrom(text, 0) === text
const optionalDay = (words: string) =>
  z.string().refine(isDay, 'a day of the calendar such as 2026-11-30').optional().describe(words)
export const Days = z.strictObject({
  from: optionalDay(`the first UTC day; ${DAYS_SHOWN} days up to the last where it is missing`),
  to: optionalDay(`the last UTC day, at most ${HISTORY_DAYS} with the first; today where it is missing`),
})
export const Latest = z.strictObject({
  limit: z.coerce.number().int().min(1).max(LATEST_SHOWN).default(LATEST_SHOWN),
})
const Month = z
  .string()
  .refine(
    (text) => isDay(`${text}-01`) && text >= FIRST_MONTH,
    `a month such as 2026-11, not before ${FIRST_MONTH}`,
  )
  .optional()
export const Months = z.strictObject({
  from: Month.describe(`the first UTC month; ${MONTHS_SHOWN} months up to the last where it is missing`),
  to: Month.describe(
    `the last UTC month, at most ${MOST_MONTHS} with the first; this one where it is missing`,
  ),
})
export const AnyMonths = z.strictObject({
  ...Months.shape,
  account: z.string().optional().describe('an account; all of them together where it is missing'),
})

/**
 * What was used, by day: an account's own, its latest requests, and everybody's for administrators; and who is looking. A view is
 * two round trips, three with an API key: who asks, then the count of views together with what is read. The ledger is one more.
 */
export function statsRoutes(options: Options) {
  const { callerOf, readStats, administered, now } = options
  const { reaches, requireAccount } = createReach(administered)
  /** Reads for a caller. Both start in one tick, so they share a request; what was read too often is not shown. */
  async function viewed<T>(caller: Caller, read: () => Promise<T>): Promise<T> {
    const [, found] = await Promise.all([readStats.countView(spenderId(caller.payer)), read()])
    return found
  }

  async function admin(c: Context): Promise<Caller> {
    return requireAdmin(await callerOf(c))
  }

  /** Reads months for a caller, of an account, or of all where it is null. What is read too often does not come to the ledger. */
  async function monthsOf({ payer }: Caller, account: string | null, query: z.infer<typeof Months>) {
    const span = monthsSpan(query, now())
    const { readMonths } = options
    if (!readMonths)
      throw new TwohopError('not_found', 'This edge keeps no ledger, so it knows the last days alone.')
    await readStats.countView(spenderId(payer))
    const months = account === null ? readMonths.ofAll(span) : readMonths.of(account, span)
    return { object: 'usage.months', account, ...span, months: await months }
  }

  return {
    'GET /v1/me': async (c) => {
      const caller = await callerOf(c)
      const { account, plan, scopes } = caller
      await readStats.countView(spenderId(caller.payer))
      return c.json({ object: 'caller', account, plan: plan.id, scopes: [...scopes].toSorted() })
    },
    'GET /v1/usage/history': async (c) => {
      const caller = await callerOf(c)
      const span = spanOf(parseAs(Days, c.req.query()), now())
      const { account } = caller
      const days = await viewed(caller, () => readStats.history(account, span))
      return c.json({ object: 'usage.history', account, ...span, days })
    },
    'GET /v1/usage/requests': async (c) => {
      const caller = await callerOf(c)
      const { limit } = parseAs(Latest, c.req.query())
      const data = await viewed(caller, () => readStats.latest(caller.account, limit))
      return c.json({ object: 'list', data: data.map(shownRequest) })
    },
    'GET /v1/usage/months': async (c) => {
      const caller = await callerOf(c)
      return c.json(await monthsOf(caller, caller.account, parseAs(Months, c.req.query())))
    },
    'GET /v1/admin/months': async (c) => {
      const caller = await admin(c)
      const { account, ...query } = parseAs(AnyMonths, c.req.query())
      const named = account === undefined ? null : requireAccount(caller.account, account)
      return c.json(await monthsOf(caller, named, query))
    },
    'GET /v1/admin/cost': async (c) => {
      const caller = await admin(c)
      const at = now()
      const today = dayOf(at)
      const soFar = await viewed(caller, () => readStats.monthTo(today))
      const { forecast = null } = options
      const outlook = forecast && outlookOf(at, soFar, forecast)
      const { used } = soFar
      return c.json({
        ...{ object: 'cost', month: today.slice(0, 7), elapsed: elapsedOf(at) },
        ...{ used, forecast, outlook },
      })
    },
    'GET /v1/admin/stats': async (c) => {
      const caller = await admin(c)
      const span = spanOf(parseAs(Days, c.req.query()), now())
      const days = await viewed(caller, () => readStats.stats(span))
      return c.json({
        object: 'stats',
        ...span,
        days: days.map((day) => shownDay(day, (account) => reaches(caller.account, account))),
      })
    },
  } satisfies Record<string, Handler<Env>>
}

/** @throws TwohopError invalid_request for days that end before they begin, or are too many */
function spanOf({ from, to }: z.infer<typeof Days>, now: number): Span {
  const last = to ?? dayOf(now)
  const span = { from: from ?? dayFrom(last, 1 - DAYS_SHOWN), to: last }
  const length = lengthOf(span)
  if (length >= 1 && length <= HISTORY_DAYS) return span
  throw new TwohopError('invalid_request', `Expected 1 to ${HISTORY_DAYS} days, found ${length}.`, {
    param: 'from',
  })
}

/** @throws TwohopError invalid_request for months that end before they begin, or are too many */
function monthsSpan({ from, to }: z.infer<typeof Months>, now: number): Span {
  const last = to ?? dayOf(now).slice(0, 7)
  const span = { from: from ?? monthFrom(last, 1 - MONTHS_SHOWN), to: last }
  const length = monthNumber(span.to) - monthNumber(span.from) + 1
  if (length >= 1 && length <= MOST_MONTHS) return span
  throw new TwohopError('invalid_request', `Expected 1 to ${MOST_MONTHS} months, found ${length}.`, {
    param: 'from',
  })
}

function shownRequest({ at, ms, ...request }: LatestRequest) {
  return { ...request, at: secondOf(at), ms: ms ?? null }
}

function shownDay({ date, models, errors, topAccounts }: DayStats, sees: (account: string) => boolean) {
  return {
    date,
    models: models.map(({ model, version, total, first, ...sums }) => ({
      model,
      version: version ?? null,
      ...sums,
      ms: percentiles(total),
      first_ms: percentiles(first),
    })),
    errors,
    top_accounts: topAccounts.filter(({ account }) => sees(account)).slice(0, TOP_SHOWN),
  }
}

function percentiles(times: Histogram) {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(times, share))
  return p50 === undefined ? null : { p50, p95, p99 }
}
