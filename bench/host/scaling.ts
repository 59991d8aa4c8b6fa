import { tokensPerSecond } from './client.ts'
import type { Measurement } from './measurement.ts'
import { words } from './prompts.ts'

const STREAMS = [1, 2, 4, 8, 16, 32]
const TOKENS = 64

/** Output tokens a second at each number of streams. */
export type Curve = { name: string; points: { streams: number; tokensPerSecond: number }[] }

export const scaling: Measurement = {
  name: 'scaling',
  about: 'output tokens a second with 1, 2, 4, 8, 16 and 32 streams',
  limitSeconds: 600,
  async run({ host, quick, progress, signal }) {
    const curves: Curve[] = [
      { name: 'batching', points: [] },
      { name: 'plain transformers.js', points: [] },
    ]
    const [batching, plain] = [await host('wide'), await host('plain')]
    for (const streams of quick ? STREAMS.filter((count) => count <= 4) : STREAMS)
      for (const [i, { client }] of [batching, plain].entries()) {
        progress(`scaling, ${streams} streams: ${curves[i]?.name}`)
        const done = await Promise.all(
          Array.from({ length: streams }, (_, stream) => {
            const salt = `scaling ${streams} ${stream}`
            return client.complete(words(salt, TOKENS), { account: salt, outputTokens: TOKENS, signal })
          }),
        )
        curves[i]?.points.push({ streams, tokensPerSecond: tokensPerSecond(done) })
      }
    return {
      findings: (curves[0]?.points ?? []).map(({ streams, tokensPerSecond: speed }, i) => ({
        what: `${TOKENS} + ${TOKENS} x ${streams}`,
        seen: speed,
        unit: 'tokens/s' as const,
        note: `plain ${curves[1]?.points[i]?.tokensPerSecond.toFixed(1)}`,
      })),
      raw: curves,
    }
  },
}
