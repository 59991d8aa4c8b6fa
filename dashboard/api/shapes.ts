import * as z from 'zod/mini'

// What this page reads of the edge's answers (GET /openapi.json has them whole). Times are seconds since the epoch.

const text = z.string()
const count = z.number()
const listOf = <Item extends z.ZodMiniType>(item: Item) => z.object({ data: z.array(item) })
const pageOf = <Item extends z.ZodMiniType>(item: Item) =>
  z.object({ data: z.array(item), next: z.nullable(text) })

const Window = z.object({ limit: z.nullable(count), used: count, held: count, resets_in: count })
export type Window = z.output<typeof Window>

export const Usage = z.object({
  account: text,
  plan: text,
  requests: z.object({ limit: count, remaining: count, resets_in: count }),
  units: z.record(text, Window),
})

export const Models = listOf(z.object({ id: text, tasks: z.array(text) }))

/** What was used of a model for a task. */
const used = {
  model: text,
  task: text,
  requests: count,
  failed: count,
  prompt_tokens: count,
  output_tokens: count,
  units: count,
}
const Day = z.object({ date: text, ...used })
export type Day = z.output<typeof Day>
export const History = z.object({ days: z.array(Day) })

export const Requests = listOf(
  z.object({
    id: text,
    at: count,
    model: text,
    task: text,
    outcome: text,
    prompt_tokens: count,
    output_tokens: count,
    units: count,
    /** None of a job's requests. */
    ms: z.nullable(count),
  }),
)

const Key = z.object({
  id: text,
  prefix: text,
  name: text,
  scopes: z.array(text),
  created_at: count,
  expires_at: count,
  last_used_at: z.nullable(count),
})
export type Key = z.output<typeof Key>
export const Keys = listOf(Key)
export const NewKey = z.object({ key: text })

export const Months = z.object({
  from: text,
  to: text,
  months: z.array(
    z.object({
      month: text,
      model: text,
      requests: count,
      prompt_tokens: count,
      output_tokens: count,
      units: count,
    }),
  ),
})

/** How far a job is. */
export const Progress = z.object({
  status: text,
  counts: z.object({ total: count, done: count, failed: count }),
})
export type Progress = z.output<typeof Progress>
const Job = z.object({
  ...Progress.shape,
  id: text,
  endpoint: text,
  model: text,
  created_at: count,
  cancelling: z.optional(z.boolean()),
})
export type Job = z.output<typeof Job>
export const Jobs = listOf(Job)

/** How odd the use of a credential was last, and why, as the edge says it: `rate=30 country=25`. */
const score = { score: count, why: text, at: count, challenged_at: z.nullable(count) }
const Score = z.object(score)
export type Score = z.output<typeof Score>
/** A credential that was found: an API key, or all tokens of an account. */
const Anomaly = z.object({ account: text, key: z.nullable(text), status: text, found_at: count, ...score })
export type Anomaly = z.output<typeof Anomaly>
export const Anomalies = listOf(Anomaly)

export const Account = z.object({
  id: text,
  status: text,
  plan: z.nullable(text),
  billing_day: z.nullable(count),
  extra: z.nullable(z.object({ units: count, until: count })),
  /** An older edge does not say them, nor does a list of accounts. */
  anomaly: z.nullish(Score),
  key_anomalies: z.optional(z.array(z.object({ key: text, ...score }))),
})
export type Account = z.output<typeof Account>
export const Accounts = pageOf(Account)
export const AccountUsage = z.object({
  concurrent: z.object({ running: count }),
  requests: z.object({ this_minute: count }),
  units: z.record(text, Window),
})

const Act = z.object({
  id: text,
  at: count,
  actor: text,
  action: text,
  target: text,
  reason: z.nullable(text),
  detail: z.unknown(),
})
export type Act = z.output<typeof Act>
export const Log = pageOf(Act)

const Percentiles = z.nullable(z.object({ p50: count, p95: count, p99: count }))
export type Percentiles = z.output<typeof Percentiles>
const StatsDay = z.object({
  date: text,
  models: z.array(
    z.object({
      ...used,
      /** Of a model that has several beside each other. */
      version: z.optional(z.nullable(text)),
      ms: Percentiles,
      first_ms: Percentiles,
    }),
  ),
  errors: z.record(text, count),
  top_accounts: z.array(z.object({ account: text, units: count })),
})
export type StatsDay = z.output<typeof StatsDay>
export const Stats = z.object({ days: z.array(StatsDay) })

const Host = z.object({
  id: text,
  /** The code by which it could not be asked. */
  error: z.nullable(text),
  models: z.array(
    z.object({
      model: text,
      running: count,
      waiting: count,
      resident: z.boolean(),
      cache: z.nullable(count),
    }),
  ),
})
export type Host = z.output<typeof Host>
export const Hosts = listOf(Host)

const Outlook = z.object({
  what: z.enum(['requests', 'prompt_tokens', 'output_tokens', 'usd']),
  so_far: count,
  due: count,
  at_this_rate: count,
  forecast: count,
})
export type Outlook = z.output<typeof Outlook>
export const Cost = z.object({
  used: z.object({ requests: count, units: count }),
  forecast: z.nullable(z.object({ combination: text })),
  /** An older edge does not say it. */
  outlook: z.nullish(z.array(Outlook)),
})

/** An answer of which nothing is read. */
export const Done = z.unknown()
export const Me = z.object({ scopes: z.array(z.string()) })
