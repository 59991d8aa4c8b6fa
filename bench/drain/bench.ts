import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DRAIN_BATCHES } from '../../edge/ledger/move.ts'
import { createDrains } from '../../edge/ledger/scheduled.ts'
import { startPostgres } from '../../local/postgres/start.ts'
import { startRedis } from '../../local/redis/start.ts'
import { spread } from '../kit.ts'
import type { BenchOptions } from '../options.ts'

export type DrainBenchOptions = BenchOptions & {
  /** Usage events of one run. */
  events: number
}

/** How many drains run at the same time. */
const AT_ONCE = [1, 2] as const

/**
 * Measures how many usage events a second the drain moves from Redis to Postgres, alone and with another at the same
 * time. Both stores are on this machine, so the way to them costs nothing: add your own round trips, three a batch.
 * @throws Error where a store does not start, or `signal` is aborted
 */
export async function drainBench({
  json,
  rounds,
  events,
  progress,
  signal,
}: DrainBenchOptions): Promise<unknown> {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-bench-'))
  const redis = await startRedis({ dir, prefer: 'auto' })
  const postgres = await startPostgres({ supabaseUrl: 'http://127.0.0.1:9' })
  try {
    const { url, token } = redis
    const stores = {
      redis: { url, token },
      supabase: { url: postgres.url, key: postgres.secretKey },
      fetch,
      now: Date.now,
    }
    const cases = []
    for (const atOnce of AT_ONCE) {
      const rates: number[] = []
      for (let round = 1; round <= rounds; round++) {
        signal.throwIfAborted()
        progress(`${atOnce} at once, round ${round} of ${rounds}: ${events} events`)
        await fill(redis, events, `${atOnce}-${round}`)
        const began = performance.now()
        const reports = await Promise.all(
          Array.from({ length: atOnce }, () => createDrains(stores).drainEvents()),
        )
        const moved = reports.reduce((sum, { recorded }) => sum + recorded, 0)
        if (moved !== events) throw new Error(`${moved} of ${events} events were moved`)
        rates.push(Math.round((moved / (performance.now() - began)) * 1000))
      }
      cases.push({ at_once: atOnce, events_per_second: spread(rates) })
    }
    const result = { redis: redis.kind, rounds, events, cases }
    if (!json)
      console.table(
        cases.map(({ at_once, events_per_second: { median, min, max } }) => ({
          'at once': at_once,
          'events a second': median,
          spread: `${min}-${max}`,
          'events a run': Math.min(median * 45, DRAIN_BATCHES * 500),
        })),
      )
    return result
  } finally {
    await postgres.stop()
    await redis.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Writes usage events as the settling script does. */
async function fill(
  { url, token }: { url: string; token: string },
  count: number,
  round: string,
): Promise<void> {
  const now = Date.now()
  const fields = {
    kind: 'charge',
    task: 'chat',
    plan: 'pro',
    key: '',
    month: new Date(now).toISOString().slice(0, 7),
  }
  const numbers = { prompt_tokens: 300, output_tokens: 150, compute_ms: 3000, units: 900, extra_units: 0 }
  const more = { reserved_units: 2000, reported_units: 900, outcome: 'ok', reserved_at: now, at: now }
  for (let from = 0; from < count; from += 1000) {
    const commands = Array.from({ length: Math.min(1000, count - from) }, (_, i) => {
      const who = {
        request_id: `${round}-${from + i}`,
        account: `bench:${(from + i) % 500}`,
        model: 'smollm2-135m-instruct',
      }
      return [
        'XADD',
        'twohop:events',
        '*',
        ...Object.entries({ ...who, ...fields, ...numbers, ...more })
          .flat()
          .map(String),
      ]
    })
    const answer = await fetch(`${url}/pipeline`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(commands),
    })
    if (!answer.ok) throw new Error(`Redis answered ${answer.status}`)
  }
}
