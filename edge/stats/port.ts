import type { Histogram } from './buckets.ts'
import type { OutcomeName, UsageSums } from './usage-sums.ts'

/** A UTC day, such as `2026-11-21`. */
export type Day = string

/** The days of a view, both included; at most HISTORY_DAYS. */
export type Span = { from: Day; to: Day }

export type HistoryRow = UsageSums & { date: Day; model: string; task: string }

/** One of an account's latest requests. Nothing of what was asked or answered is kept. */
export type LatestRequest = {
  id: string
  /** When it was charged, in milliseconds since the epoch. */
  at: number
  model: string
  task: string
  outcome: string
  prompt_tokens: number
  output_tokens: number
  units: number
  /** Milliseconds from its reservation to its end; undefined where nobody waited for it. */
  ms: number | undefined
}

export type ModelStats = UsageSums & {
  model: string
  /** The model's version; undefined where it has none, or nobody said which it was. */
  version: string | undefined
  task: string
  outcomes: Record<OutcomeName, number>
  total: Histogram
  first: Histogram
}

export type DayStats = {
  date: Day
  models: ModelStats[]
  /** Errors that were answered, by code. */
  errors: Record<string, number>
  /** Those that used the most units, most first. */
  topAccounts: { account: string; units: number }[]
}

/** What a month has used, and what was used lately, be it in the month before. */
export type MonthSoFar = {
  used: UsageSums
  recent: {
    used: UsageSums
    /** The first day of it: RATE_DAYS before today, or the first after it with any use; today where there was none. */
    from: Day
  }
}

/** Reads what the scripts have rolled up. Each throws TwohopError `store_unavailable`. */
export type ReadStats = {
  /**
   * Counts a view of `who`. What is read in the same tick shares its round trip.
   * @throws TwohopError rate_limited for one too many in a minute
   */
  countView(who: string): Promise<void>
  /** An account's sums, the earliest day first: one round trip, one command for each month. */
  history(account: string, span: Span): Promise<HistoryRow[]>
  /** An account's latest requests, the latest first: one round trip, one command. */
  latest(account: string, most: number): Promise<LatestRequest[]>
  /** Everybody's sums, the earliest day first: one round trip, one command for each month and each day. */
  stats(span: Span): Promise<DayStats[]>
  /** Everybody's sums of a day's UTC month up to it: one round trip, one command, or two in a month's first days. */
  monthTo(today: Day): Promise<MonthSoFar>
}
