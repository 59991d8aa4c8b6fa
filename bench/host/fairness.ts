import { percentile, spread } from '../kit.ts'
import { firstTokenMs } from './client.ts'
import type { Measurement } from './measurement.ts'
import { words } from './prompts.ts'

/** Requests of the busy account at any time, waiting and running. */
const QUEUED = 64
const QUEUED_QUICK = 16

export const fairness: Measurement = {
  name: 'fairness',
  about: 'the first token of one account beside another with 64 requests queued',
  limitSeconds: 300,
  async run({ host, quick, progress, signal }) {
    const { client } = await host('batching')
    const [samples, queued] = quick ? [6, QUEUED_QUICK] : [24, QUEUED]
    const asked = new AbortController()
    const busySignal = AbortSignal.any([signal, asked.signal])

    async function oneAtATime(salt: string): Promise<number[]> {
      const times: number[] = []
      for (let i = 0; i < samples; i++)
        times.push(
          firstTokenMs(
            await client.complete(words(`${salt} ${i}`, 64), { account: 'other', outputTokens: 8, signal }),
          ),
        )
      return times
    }

    progress('fairness, quiet')
    await client.complete(words('warm', 64), { account: 'other', outputTokens: 8, signal })
    const quiet = await oneAtATime('quiet')
    progress(`fairness, beside ${queued} requests`)
    let sent = 0
    const load = Array.from({ length: queued }, async () => {
      while (!busySignal.aborted) {
        const salt = `load ${sent++}`
        // Answers of different lengths, so that they do not end together.
        await client
          .complete(words(salt, 64), { account: 'busy', outputTokens: 48 + (sent % 32), signal: busySignal })
          .catch((error: unknown) => {
            if (!busySignal.aborted) throw error
          })
      }
    })
    try {
      const running = Promise.all(load).then(() => [])
      await Promise.race([running, settled(async () => (await host('batching')).figures(), signal)])
      const busy = await Promise.race([oneAtATime('beside'), running])
      const p95 = { quiet: percentile(quiet, 0.95), busy: percentile(busy, 0.95) }
      return {
        findings: [
          {
            what: `first token p95 beside ${queued} requests of another account, over quiet`,
            seen: p95.busy / p95.quiet,
            unit: 'x',
            asked: { at: 'most', value: 2 },
            note:
              `p50 ${spread(quiet).median.toFixed(0)} → ${spread(busy).median.toFixed(0)} ms, ` +
              `p95 ${p95.quiet.toFixed(0)} → ${p95.busy.toFixed(0)} ms`,
          },
        ],
        raw: { quietMs: quiet, busyMs: busy },
      }
    } finally {
      asked.abort()
      await Promise.allSettled(load)
    }
  },
}

/** Resolves once the batch is as full as one account can make it: its size does not change for a second. */
async function settled(figures: () => Promise<Map<string, number>>, signal: AbortSignal): Promise<void> {
  for (let before = -1; !signal.aborted; ) {
    const size = (await figures()).get('batch_current_size') ?? 0
    if (size > 1 && size === before) return
    before = size
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}
