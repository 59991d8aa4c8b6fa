import { createUpstashApiKeys } from '../api-keys/upstash.ts'
import { createUpstashAccounts } from '../budget/upstash-accounts.ts'
import type { Log } from '../log/port.ts'
import { createActDrain, createDrain, createFeedbackDrain, type DrainReport } from './drain.ts'
import { createReadMirror } from './store-mirror.ts'
import { createSupabaseLedger } from './supabase.ts'
import type { RestOf } from './supabase-rest.ts'
import { createUpstashStream } from './upstash.ts'
import { createUpstashActStream } from './upstash-acts.ts'
import { createUpstashFeedbackStream } from './upstash-feedback.ts'
import { LEDGER_TIMEOUT_MS, type LedgerRedis } from './upstash-group.ts'

export type LedgerStores = {
  redis: LedgerRedis
  /** The project's URL and its secret key. */
  supabase: { url: string; key: string }
  /** Talks to that project; by default in the way that runs everywhere. */
  restOf?: RestOf | undefined
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
  /** Batches of usage events in one run at most; default DRAIN_BATCHES. */
  batches?: number | undefined
}

/** Builds the drains on Upstash and Supabase: usage events, administrative acts, feedback. */
export function createDrains({ redis, supabase, restOf, fetch, now, batches }: LedgerStores) {
  const ledger = createSupabaseLedger({ ...supabase, fetch }, restOf)
  const stores = { timeoutMs: LEDGER_TIMEOUT_MS, ...redis }
  return {
    drainEvents: createDrain({
      stream: createUpstashStream(redis),
      ledger,
      now,
      ...(batches && { batches }),
    }),
    drainActs: createActDrain({
      stream: createUpstashActStream(redis),
      ledger,
      readMirror: createReadMirror({
        accounts: createUpstashAccounts(stores),
        apiKeys: createUpstashApiKeys(stores),
        now,
      }),
      now,
      // Acts are few; a batch takes five requests.
      batch: 200,
      batches: Math.min(10, batches ?? 10),
    }),
    drainFeedback: createFeedbackDrain({
      stream: createUpstashFeedbackStream(redis),
      ledger,
      now,
      batches: Math.min(10, batches ?? 10),
    }),
  }
}

export type Drains = ReturnType<typeof createDrains>

export type ScheduledDrainOptions = {
  drains: Drains
  /** Milliseconds since the epoch. */
  now: () => number
  /** Gets one line for each run. */
  log: Log
}

/**
 * The drains as a scheduled event runs them: one run of each, one line in the log, which is a warning where the ledger was
 * away and an error where something was set aside. Acts and feedback wait if the ledger took
 * no events. Feedback is moved when it comes (edge/routes/feedback.ts); what failed then is looked for once an hour.
 * @throws what the drains throw
 */
export function createScheduledDrain({ drains, now, log }: ScheduledDrainOptions) {
  const { drainEvents, drainActs, drainFeedback } = drains
  return async function drainOnSchedule(): Promise<DrainReport> {
    const events = await drainEvents()
    const isAway = events.ended === 'ledger_away'
    const acts = isAway ? undefined : await drainActs()
    const isHour = new Date(now()).getUTCMinutes() === 0
    const feedback = isHour && !isAway ? await drainFeedback() : undefined
    const all = [events, acts, feedback]
    const error = all.find((report) => report?.error)?.error
    // What was set aside is in no table until somebody looks; a ledger that is away may come back by itself.
    const level = all.some((report) => report && report.buried > 0) ? 'error' : error ? 'warn' : 'info'
    await log(level, 'ledger_drain', { error, detail: drainDetail(events, acts, feedback) })
    return events
  }
}

/**
 * What the log line says of a run beside its code and its fault: counts and codes only. It is the metric of a runtime that has none.
 * Alert on `lag_ms` (the ledger is behind), also that of `acts`, and on `dead_letters` above 0.
 */
function drainDetail(events: DrainReport, acts: DrainReport | undefined, feedback?: DrainReport) {
  return {
    ...counts(events),
    dead_letters: (acts ?? events).backlog.deadLetters,
    ...(acts && { acts: beside(acts) }),
    ...(feedback && { feedback: beside(feedback) }),
  }
}

function counts({ ended, recorded, duplicates, buried, backlog, lagMs, tookMs }: DrainReport) {
  const left = { backlog: backlog.entries, lag_ms: lagMs }
  return { ended, recorded, duplicates, buried, ...left, took_ms: tookMs }
}

/** One of several drains of a line, with a code of its own: the line has the first one's. */
const beside = (report: DrainReport) => ({ ...counts(report), code: report.error?.code })
