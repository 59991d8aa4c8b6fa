import { spread } from '../kit.ts'
import type { Finding, Measurement } from './measurement.ts'
import { words } from './prompts.ts'

const CLIENTS = 16
/** The number of prompts in the pool. Once all are in the prefix cache, its content stays the same. */
const PROMPTS = 64
/** One in this many requests is cancelled while it runs. */
const CANCELLED = 5
/** Requests between two readings. */
const READING = 250

type Reading = { requests: number; rssMiB: number }
type Idle = { running: number; waiting: number; batch: number; kvUsage: number }

export const memory: Measurement = {
  name: 'memory',
  about: 'resident memory over 5,000 short requests, a fifth of them cancelled, on the embedded model',
  limitSeconds: 400,
  async run({ host, quick, progress, signal }) {
    const { client, figures } = await host('small')
    const total = quick ? 1500 : 5000
    const warmUp = total / 5
    let sent = 0
    let cancelled = 0
    const readings: Reading[] = []

    async function one(i: number): Promise<void> {
      const stop = new AbortController()
      const own = i % PROMPTS
      const prompt = words(`memory ${own}`, 24 + (own % 5) * 12)
      const asked = client.complete(prompt, {
        account: `account ${own}`,
        outputTokens: 8 + (i % 17),
        signal: AbortSignal.any([signal, stop.signal]),
      })
      if (i % CANCELLED > 0) return void (await asked)
      const timer = setTimeout(() => stop.abort(), i % 40)
      await asked.catch((error: unknown) => {
        if (!stop.signal.aborted) throw error
        cancelled++
      })
      clearTimeout(timer)
    }

    async function until(last: number): Promise<void> {
      await Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          while (sent < last) await one(sent++)
        }),
      )
    }

    async function idle(): Promise<Idle> {
      for (;;) {
        signal.throwIfAborted()
        // The thread reports its memory once a second.
        await new Promise((resolve) => setTimeout(resolve, 2500))
        const now = await figures()
        const value = (name: string) => now.get(name) ?? Number.NaN
        const state = {
          running: value('num_requests_running'),
          waiting: value('num_requests_waiting'),
          batch: value('batch_current_size'),
          kvUsage: value('kv_cache_usage_perc'),
        }
        if (state.running + state.waiting + state.batch === 0) return state
      }
    }

    await until(warmUp)
    const before = await idle()
    while (sent < total) {
      await until(Math.min(total, sent + READING))
      const rss = (await figures()).get('process_resident_memory_bytes') ?? Number.NaN
      readings.push({ requests: sent, rssMiB: rss / 2 ** 20 })
      progress(`memory, ${sent} of ${total} requests: ${(rss / 2 ** 20).toFixed(0)} MiB`)
    }
    const after = await idle()
    return {
      findings: [growth(readings, total), leftover(before, after, cancelled)],
      raw: { readings, before, after, cancelled },
    }
  },
}

/**
 * The median of the last third compared with that of the first. The garbage collector's saw-tooth is larger than a
 * small leak, so single readings would not do.
 */
function growth(readings: readonly Reading[], total: number): Finding {
  const third = Math.ceil(readings.length / 3)
  const median = (part: readonly Reading[]) => spread(part.map(({ rssMiB }) => rssMiB)).median
  const [first, last] = [median(readings.slice(0, third)), median(readings.slice(-third))]
  return {
    what: `resident memory over ${total.toLocaleString('en')} requests, growth`,
    seen: (last / first - 1) * 100,
    unit: '%',
    asked: { at: 'most', value: 5 },
    note: `${first.toFixed(0)} → ${last.toFixed(0)} MiB`,
  }
}

function leftover(before: Idle, after: Idle, cancelled: number): Finding {
  return {
    what: 'cache left allocated by cancelled requests, share of the budget',
    seen: (after.kvUsage - before.kvUsage) * 100,
    unit: '%',
    asked: { at: 'most', value: 0 },
    note: `${cancelled} cancelled; ${(after.kvUsage * 100).toFixed(2)} % held by prefixes and idle buffers`,
  }
}
