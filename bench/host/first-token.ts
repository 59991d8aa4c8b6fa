import { spread } from '../kit.ts'
import { firstTokenMs } from './client.ts'
import type { Measurement } from './measurement.ts'
import { words } from './prompts.ts'

const PREFIX_TOKENS = 256
const OWN_TOKENS = 16

export const firstToken: Measurement = {
  name: 'first-token',
  about: 'the first token with a cached prefix of 256 tokens, beside a cold one',
  limitSeconds: 120,
  async run({ host, quick, progress, signal }) {
    const { client } = await host('batching')
    const cold: number[] = []
    const cached: number[] = []
    for (let i = 0; i < (quick ? 3 : 9); i++) {
      progress(`first-token, pair ${i + 1}`)
      const prefix = words(`first-token ${i}`, PREFIX_TOKENS)
      const ask = async (own: string) =>
        firstTokenMs(
          await client.complete(prefix + words(`${own} ${i}`, OWN_TOKENS), {
            account: 'first-token',
            outputTokens: 1,
            signal,
          }),
        )
      cold.push(await ask('cold'))
      cached.push(await ask('cached'))
    }
    const { min, max } = spread(cached.map((ms, i) => ms / (cold[i] ?? Number.NaN)))
    return {
      findings: [
        {
          what: `first token, ${PREFIX_TOKENS} of ${PREFIX_TOKENS + OWN_TOKENS} cached, over cold`,
          seen: spread(cached).median / spread(cold).median,
          unit: 'x',
          asked: { at: 'most', value: 0.25 },
          spread: { min, max },
          note: `${spread(cold).median.toFixed(0)} → ${spread(cached).median.toFixed(0)} ms`,
        },
      ],
      raw: { coldMs: cold, cachedMs: cached },
    }
  },
}
