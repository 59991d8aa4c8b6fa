import { percentile, spread } from '../kit.ts'
import type { Generation } from './client.ts'
import type { Measurement } from './measurement.ts'
import { words } from './prompts.ts'

const STREAMS = 8
const PROMPT_TOKENS = { full: 1000, quick: 400 }

export const gaps: Measurement = {
  name: 'gaps',
  about: 'gaps between the tokens of 8 running streams while prompts of 1,000 tokens arrive',
  limitSeconds: 240,
  async run({ host, quick, progress, signal }) {
    const { client } = await host('batching')
    const [tokens, promptTokens] = quick ? [64, PROMPT_TOKENS.quick] : [160, PROMPT_TOKENS.full]
    const stream = (salt: string, outputTokens: number) =>
      client.complete(words(salt, 32), { account: salt, outputTokens, signal })
    const streams = (salt: string) =>
      Promise.all(Array.from({ length: STREAMS }, (_, i) => stream(`${salt} ${i}`, tokens)))

    async function longPrompts(isOver: () => boolean): Promise<Generation[]> {
      const done: Generation[] = []
      while (!isOver()) {
        const salt = `long ${done.length}`
        const prompt = words(salt, promptTokens)
        done.push(await client.complete(prompt, { account: salt, outputTokens: 1, signal }))
      }
      return done
    }

    progress('gaps, quiet')
    // The first turn is not measured: it allocates the caches and the kernels' buffers of 8 streams.
    await Promise.all(Array.from({ length: STREAMS }, (_, i) => stream(`warm ${i}`, 8)))
    const quiet = gapsOf(await streams('quiet'))
    progress('gaps, with long prompts arriving')
    let over = false
    const [written, prompts] = await Promise.all([
      streams('busy').finally(() => {
        over = true
      }),
      longPrompts(() => over),
    ])
    const busy = gapsOf(written)
    const p99 = { quiet: percentile(quiet, 0.99), busy: percentile(busy, 0.99) }
    return {
      findings: [
        {
          what: `gap p99 of ${STREAMS} streams while ${promptTokens}-token prompts arrive, over quiet`,
          seen: p99.busy / p99.quiet,
          unit: 'x',
          asked: { at: 'most', value: 3 },
          note:
            `p50 ${percentile(quiet, 0.5).toFixed(0)} → ${percentile(busy, 0.5).toFixed(0)} ms, ` +
            `p99 ${p99.quiet.toFixed(0)} → ${p99.busy.toFixed(0)} ms; a prompt takes ` +
            `${(spread(prompts.map(({ began, ended: end }) => end - began)).median / 1000).toFixed(1)} s`,
        },
      ],
      raw: { quietMs: quiet, busyMs: busy, prompts },
    }
  },
}

/** The gaps between the tokens of all streams, in milliseconds, from the time when all of them write. */
function gapsOf(all: readonly Generation[]): number[] {
  const from = Math.max(...all.map(({ tokens }) => tokens[0] ?? 0))
  const found = all.flatMap(({ tokens }) =>
    tokens.slice(1).flatMap((time, i) => {
      const before = tokens[i] ?? time
      return before >= from ? [time - before] : []
    }),
  )
  if (found.length === 0) throw new Error('the streams ended before all of them ran')
  return found
}
