import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { createDeviceHashingDecoder } from '../../../../fixtures/decoding/fake-device.ts'
import { createHashingDecoder } from '../../../../fixtures/decoding/hashing-decoder.ts'
import {
  alone,
  ask,
  CONTEXT,
  engineOf,
  type Outcome,
  range,
  SIZES,
  TOKEN,
  type Wish,
} from '../../../../fixtures/decoding/small-engine.ts'

describe('many at once', () => {
  test.each([1, 2, 3, 4].flatMap((seed) => [[seed, 'in memory'] as const, [seed, 'on a device'] as const]))(
    'give each what it gives alone, whatever comes and goes (seed %i, caches %s)',
    async (seed, where) => {
      const random = seededRandom(seed)
      const below = (most: number) => Math.floor(random() * most)
      const due: (() => void)[] = []
      const hooks = {
        onCall() {
          for (let i = below(3); i > 0; i--) due.shift()?.()
        },
      }
      const device = where === 'on a device' ? createDeviceHashingDecoder(hooks, SIZES.block) : undefined
      const decoder = device ?? createHashingDecoder(hooks)
      const memoryBytes = (200 + below(300)) * TOKEN
      const engine = engineOf(decoder, { memoryBytes, publicPrefixes: [range(1, 9)] })
      const wishes = Array.from({ length: 120 }, (): Wish => {
        const shared = random() < 0.6 ? range(below(3), 3 + below(20)) : []
        const prompt = [...shared, ...range(below(99), 1 + below(20))]
        const sampled = { temperature: 0.2 + random(), topP: 0.8, topK: below(30), frequencyPenalty: 0.5 }
        return {
          prompt,
          most: 1 + below(CONTEXT - prompt.length),
          namespace: ['ann', 'bob', undefined][below(3)],
          settings: random() < 0.5 ? {} : sampled,
          ...(random() < 0.25 && { quitAfter: below(8) }),
        }
      })
      const expected = await Promise.all(wishes.map(alone))
      const outcomes = wishes.map((wish) => {
        const { promise, resolve } = Promise.withResolvers<Outcome>()
        due.push(() => resolve(ask(engine, wish)))
        return promise
      })
      while (due.length > 0) {
        for (let i = 0; i < 5; i++) due.shift()?.()
        while (engine.stats().prefilling + engine.stats().decoding + engine.stats().queued > 0)
          await new Promise((resolve) => setImmediate(resolve))
      }
      const all = await Promise.all(outcomes)

      for (const [i, { tokens, end, cached }] of all.entries()) {
        const { prompt, quitAfter } = wishes[i] as Wish
        const full = expected[i] as number[]
        const stops = quitAfter !== undefined && quitAfter < full.length
        expect(end.how).toBe(stops ? 'stopped' : 'finished')
        expect(tokens).toEqual(stops ? full.slice(0, quitAfter) : full)
        expect(end.outputTokens).toBe(tokens.length)
        expect(end.promptTokens).toBe(cached === undefined ? 0 : prompt.length)
        expect(end.cachedPromptTokens).toBe(cached ?? 0)
        expect((cached ?? 0) % SIZES.block).toBe(0)
        expect(end.computeMs > 0).toBe(cached !== undefined)
      }
      expect(all.filter(({ cached = 0 }) => cached > 0).length).toBeGreaterThan(10)
      const stats = engine.stats()
      expect(stats.stepRows / stats.steps).toBeGreaterThan(1.1)
      expect(stats.memoryPeak).toBeLessThanOrEqual(memoryBytes)
      engine.trim()
      expect(engine.stats()).toMatchObject({
        kvTokens: 0,
        memoryUsed: stats.prefixBlocks * SIZES.block * TOKEN,
      })
      if (device !== undefined) expect(await device.liveBytes()).toBe(engine.stats().memoryUsed)
    },
  )
})
