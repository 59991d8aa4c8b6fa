import {
  type Command,
  fieldsOf,
  orUnavailable,
  scoredOf,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { HISTORY_PREFIX, LATEST_PREFIX, REDIS_KEYS, STATS_PREFIX, TOP_PREFIX } from '../store/redis-keys.ts'
import { createUpstashLimiter } from '../store/upstash-limiter.ts'
import { dayFrom, daysOf, monthsOf } from './days.ts'
import { isErrors, modelStats } from './model-stats.ts'
import { RATE_DAYS } from './outlook.ts'
import { type Sums, unpacked } from './packed.ts'
import type { Day, DayStats, LatestRequest, ReadStats, Span } from './port.ts'
import { totalOf, usageSums } from './usage-sums.ts'

/** A field of a month's hash: the words of its name after the day, and its sums. */
type Field = { date: Day; words: string[]; sums: Sums }

/**
 * What was rolled up, read from Upstash Redis over HTTP: one round trip each.
 * @param options.viewsPerMinute how often a caller may read; `GET /v1/usage` counts with it
 */
export function createUpstashStats(options: UpstashOptions & { viewsPerMinute: number }): ReadStats {
  const { viewsPerMinute } = options
  const redis = upstashClient(options)
  const count = createUpstashLimiter({
    redis,
    prefix: REDIS_KEYS.reads,
    perMinute: viewsPerMinute,
    message: `Usage may be read ${viewsPerMinute} times a minute.`,
  })
  /** They start in one tick, so they share a request. */
  const all = (commands: readonly Command[]) => Promise.all(commands.map((words) => redis.command(...words)))

  async function fieldsIn(prefix: string, span: Span): Promise<Field[]> {
    const months = monthsOf(span)
    const replies = await all(months.map((month) => ['HGETALL', `${prefix}${month}`]))
    return replies
      .flatMap((reply, i) => fieldsOfMonth(months[i] ?? '', fieldsOf(reply)))
      .filter(({ date }) => span.from <= date && date <= span.to)
      .sort((a, b) => compare(sortedBy(a), sortedBy(b)))
  }

  return {
    async countView(who) {
      const tooMany = await orUnavailable(() => count(who))
      if (tooMany) throw tooMany
    },

    history: (account, span) =>
      orUnavailable(async () =>
        (await fieldsIn(`${HISTORY_PREFIX}${account}:`, span)).map(
          ({ date, words: [task = '', ...model], sums }) => ({
            date,
            model: model.join(' '),
            task,
            ...usageSums(sums),
          }),
        ),
      ),

    latest: (account, most) =>
      orUnavailable(async () => {
        // One that the sweep charged and that was corrected later is there twice; the later entry has it as it is now.
        const reply = await redis.command('GET', `${LATEST_PREFIX}${account}`)
        const requests = String(reply ?? '')
          .split('\n')
          .flatMap((line) => latestOf(line) ?? [])
        const known = new Set<string>()
        return requests.filter(({ id }) => !known.has(id) && known.add(id)).slice(0, most)
      }),

    stats: (span) =>
      orUnavailable(async () => {
        const days = daysOf(span)
        const [fields, tops] = await Promise.all([
          fieldsIn(STATS_PREFIX, span),
          all(days.map((day) => ['ZRANGE', `${TOP_PREFIX}${day}`, 0, -1, 'WITHSCORES'])),
        ])
        const byDay = Map.groupBy(fields, ({ date }) => date)
        return days.flatMap((date, i) => {
          const found = byDay.get(date)
          return found ? [dayStats(date, found, topOf(tops[i]))] : []
        })
      }),

    monthTo: (today) =>
      orUnavailable(async () => {
        const [first, lately] = [`${today.slice(0, 7)}-01`, dayFrom(today, -RATE_DAYS)]
        // A month is one hash, so its first days cost nothing more.
        const fields = await fieldsIn(STATS_PREFIX, { from: `${lately.slice(0, 7)}-01`, to: today })
        const usage = fields.filter(({ words }) => !isErrors(words))
        const since = (day: Day) => usage.filter(({ date }) => date >= day)
        const recent = since(lately)
        const isOlder = recent.length < usage.length
        return {
          used: usedIn(since(first)),
          // Days without use count, but not those before there was any.
          recent: { used: usedIn(recent), from: isOlder ? lately : (recent[0]?.date ?? today) },
        }
      }),
  }
}

const usedIn = (fields: readonly Field[]) => totalOf(fields.map(({ sums }) => usageSums(sums)))
const sortedBy = ({ date, words: [task = '', ...rest] }: Field) =>
  [date, ...rest.toReversed(), task].join(' ')
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function fieldsOfMonth(month: string, fields: Record<string, string>): Field[] {
  return Object.entries(fields).map(([name, text]) => {
    const [day = '', ...words] = name.split(' ')
    return { date: `${month}-${day}`, words, sums: unpacked(text) }
  })
}

function dayStats(date: Day, fields: readonly Field[], topAccounts: DayStats['topAccounts']): DayStats {
  const errors = fields.find(({ words }) => isErrors(words))?.sums
  return {
    date,
    models: fields.flatMap(({ words, sums }) => (isErrors(words) ? [] : [modelStats(words, sums)])),
    errors: Object.fromEntries(errors ?? []),
    topAccounts,
  }
}

/** Accounts with their units, most first. */
const topOf = (reply: unknown): DayStats['topAccounts'] =>
  scoredOf(reply)
    .map(({ member, score }) => ({ account: member, units: score }))
    .reverse()

/** A request as the script wrote it (edge/stats/daily-sums.lua.ts); undefined where it cannot be read. */
function latestOf(line: string): LatestRequest | undefined {
  const [id, at, outcome, prompt, output, units, ms, task, ...model] = line.split(' ')
  if (id === undefined || outcome === undefined || task === undefined || model.length === 0) return undefined
  return {
    id,
    at: Number(at),
    model: model.join(' '),
    task,
    outcome,
    prompt_tokens: Number(prompt),
    output_tokens: Number(output),
    units: Number(units),
    ms: ms === '-' ? undefined : Number(ms),
  }
}
