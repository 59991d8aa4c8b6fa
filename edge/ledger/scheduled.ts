import { createDrain, type DrainReport } from './drain.ts'
import { createSupabaseLedger } from './supabase.ts'
import { createUpstashStream } from './upstash.ts'

export type ScheduledDrainOptions = {
  redis: { url: string; token: string }
  /** The project's URL and its secret key. */
  supabase: { url: string; key: string }
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
  /** Takes one line a run; see drainLine. */
  log: (line: string) => void
}

/** The drain as a scheduled event runs it: one run, one line in the log. Throws what the drain throws. */
export function createScheduledDrain({ redis, supabase, fetch, now, log }: ScheduledDrainOptions) {
  const stream = createUpstashStream(redis)
  const ledger = createSupabaseLedger({ ...supabase, fetch })
  const drain = createDrain({ stream, ledger, now })
  return async function drainOnSchedule(): Promise<DrainReport> {
    const report = await drain()
    log(drainLine(report))
    return report
  }
}

/**
 * A run as one line of JSON, which is the metric of a runtime that keeps none: alert on `lag_ms` (the ledger is behind)
 * and on `dead_letters` above 0. Counts and codes only.
 */
export function drainLine({
  ended,
  code,
  recorded,
  duplicates,
  buried,
  backlog,
  lagMs,
}: DrainReport): string {
  return JSON.stringify({
    event: 'ledger_drain',
    ended,
    code,
    recorded,
    duplicates,
    buried,
    backlog: backlog.entries,
    lag_ms: lagMs,
    dead_letters: backlog.deadLetters,
  })
}
