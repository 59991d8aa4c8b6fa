import { JOB_KEYS } from '../../shared/jobs/record.ts'
import {
  fieldsOf,
  listOf,
  orUnavailable,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { METRICS_KEY, PROJECT_PREFIX, REDIS_KEYS } from '../store/redis-keys.ts'
import { dayOf } from './days.ts'
import { exposition, type Samples } from './exposition.ts'
import type { Forecast } from './forecast.ts'
import { isErrors, modelStats } from './model-stats.ts'
import { outlookOf } from './outlook.ts'
import { unpacked } from './packed.ts'
import type { ModelStats, ReadStats } from './port.ts'

type Options = UpstashOptions & {
  /** Milliseconds since the epoch. */
  now: () => number
  /** Whether events wait for a ledger. Without one they stay, and none of them is late. */
  hasLedger: boolean
  /** What the whole deployment may spend, in units. */
  project: { day?: number | undefined; month?: number | undefined } | undefined
  /** What a month was said to cost; undefined where nobody has said it. */
  forecast: Forecast | undefined
  readMonth: ReadStats['monthTo']
}

/** For how long a text is given again, in milliseconds, so that no reader makes more calls of the store. */
const FRESH_MS = 5000
/** And for how long what a month costs, whose sums of all days are far more than what else is read. */
const COST_FRESH_MS = 300_000

/**
 * The edge's metrics in Prometheus's text format, read from Redis: one round trip of seven commands, at most every 5 s, and one
 * more of one or two commands every five minutes where there is a forecast. An edge that is many isolates can't be scraped; the store that they share can.
 * @throws (from what it returns) TwohopError store_unavailable
 */
export function createUpstashMetrics({
  now,
  hasLedger,
  project = {},
  forecast,
  readMonth,
  ...options
}: Options): () => Promise<string> {
  const redis = upstashClient(options)
  let last = { text: '', at: Number.NEGATIVE_INFINITY }
  let cost: { samples: Samples; at: number } = { samples: {}, at: Number.NEGATIVE_INFINITY }

  async function costOf(of: Forecast, at: number): Promise<Samples> {
    if (at - cost.at < COST_FRESH_MS) return cost.samples
    const rows = outlookOf(at, await readMonth(dayOf(at)), of).filter(({ what }) => what === 'usd')
    const all = rows.flatMap(({ what, ...usd }) =>
      Object.entries(usd).map(([name, value]) => ({ labels: { of: name }, value })),
    )
    cost = { samples: { cost_usd: all }, at }
    return cost.samples
  }

  async function read(at: number): Promise<string> {
    const [day, month] = [dayOf(at), dayOf(at).slice(0, 7)]
    const used = (window: string) => redis.command('HGET', `${PROJECT_PREFIX}${window}`, 'used')
    // They start in one tick, so they share a request.
    const [counters, waiting, oldest, open, jobs, usedDay, usedMonth, costs] = await Promise.all([
      redis.command('HGETALL', METRICS_KEY),
      redis.command('XLEN', REDIS_KEYS.events),
      redis.command('XRANGE', REDIS_KEYS.events, '-', '+', 'COUNT', 1),
      redis.command('ZCARD', REDIS_KEYS.open),
      redis.command('ZCARD', JOB_KEYS.open),
      used(`day:${day}`),
      used(`month:${month}`),
      forecast && costOf(forecast, at),
    ])
    const gauge = (value: unknown, labels = {}) => [{ labels, value: Number(value ?? 0) }]
    const spent = (number: unknown, window: string) => (number === null ? [] : gauge(number, { window }))
    return exposition({
      ...countersOf(fieldsOf(counters)),
      ...(hasLedger && {
        events_waiting: gauge(waiting),
        event_oldest_seconds: gauge(ageOf(oldest, at) / 1000),
      }),
      requests_open: gauge(open),
      jobs_open: gauge(jobs),
      project_used_units: [...spent(usedDay, 'day'), ...spent(usedMonth, 'month')],
      project_budget_units: (['day', 'month'] as const).flatMap((window) =>
        project[window] === undefined ? [] : gauge(project[window], { window }),
      ),
      ...(forecast && {
        forecast_requests: gauge(forecast.requests),
        forecast_generation_tokens: gauge(forecast.output_tokens),
      }),
      ...costs,
    })
  }

  return async function metrics() {
    const at = now()
    if (at - last.at >= FRESH_MS) last = { text: await orUnavailable(() => read(at)), at }
    return last.text
  }
}

/** Milliseconds since the first entry of a stream; its id begins with its time. */
function ageOf(entries: unknown, at: number): number {
  const [first] = listOf(entries)
  if (first === undefined) return 0
  return Math.max(0, at - Number.parseInt(String(listOf(first)[0]), 10))
}

/** What the scripts have counted since ever. */
function countersOf(fields: Record<string, string>): Samples {
  const all = Object.entries(fields)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => ({ words: name.split(' '), sums: unpacked(text) }))
  const models = all.flatMap(({ words, sums }) => (isErrors(words) ? [] : [modelStats(words, sums)]))
  const errors = all.flatMap(({ words, sums }) => (isErrors(words) ? [...sums] : []))
  const each = <Value>(read: (one: ModelStats) => Value) =>
    models.map((one) => ({ labels: labelsOf(one), value: read(one) }))
  return {
    requests_total: models.flatMap((one) =>
      Object.entries(one.outcomes).map(([outcome, value]) => ({
        labels: { ...labelsOf(one), outcome },
        value,
      })),
    ),
    prompt_tokens_total: each((one) => one.prompt_tokens),
    generation_tokens_total: each((one) => one.output_tokens),
    units_total: each((one) => one.units),
    request_duration_seconds: each((one) => one.total),
    time_to_first_byte_seconds: each((one) => one.first),
    errors_total: errors.map(([code, value]) => ({ labels: { code }, value })),
  }
}

const labelsOf = ({ model, version = '', task }: ModelStats) => ({ model, version, task })
