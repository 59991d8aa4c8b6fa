import { describe, expect, test } from 'vitest'
import { type BatchEngine, createBatchEngine } from '../../../inference-host/batching/batch-engine.ts'
import { bytesPerToken, type Call, type Decoder } from '../../../inference-host/batching/decoder.ts'
import { createPace } from '../../../inference-host/batching/pace.ts'
import type { BatchEnd, BatchRequest } from '../../../inference-host/batching/request.ts'
import { seededRandom } from '../../../inference-host/engine/random.ts'
import { createTokenSampler } from '../../../inference-host/sampling/sampler.ts'
import type { SamplingSettings } from '../../../inference-host/sampling/settings.ts'
import { generateAlone } from './alone.ts'
import { createDeviceHashingDecoder } from './fake-device.ts'
import { createHashingDecoder, SHAPE } from './hashing-decoder.ts'

const SIZES = { stride: 4, lane: 8, block: 4 }
const CONTEXT = 64
const STOP = 3
const TOKEN = bytesPerToken(SHAPE)

type Wish = {
  prompt: number[]
  most?: number
  namespace?: string | undefined
  settings?: SamplingSettings
  /** Told to stop once it has this many tokens. */
  quitAfter?: number
}
type Outcome = { tokens: number[]; cached: number | undefined; end: BatchEnd }

function engineOf(
  decoder: Decoder,
  options: Partial<Parameters<typeof createBatchEngine>[0]> = {},
): BatchEngine {
  let time = 0
  return createBatchEngine({
    decoder,
    slots: 6,
    memoryBytes: 400 * TOKEN,
    context: CONTEXT,
    now: () => time++,
    sizes: SIZES,
    ...options,
  })
}

const samplerOf = ({ prompt, settings = {} }: Wish) =>
  createTokenSampler({ settings, defaults: {}, prompt, random: seededRandom(prompt.length * 31 + 7) })

function ask(engine: BatchEngine, wish: Wish, changes: Partial<BatchRequest> = {}): Promise<Outcome> {
  const tokens: number[] = []
  let cached: number | undefined
  return new Promise((resolve, reject) => {
    let over = false
    engine.submit({
      prompt: wish.prompt,
      most: wish.most ?? 10,
      namespace: wish.namespace,
      choose: samplerOf(wish),
      take(token) {
        if (over || cached === undefined) reject(new Error('a token at the wrong time'))
        tokens.push(token.id)
        return token.id === STOP
      },
      stopped: () => tokens.length >= (wish.quitAfter ?? Number.POSITIVE_INFINITY),
      started: (count) => {
        cached = count
      },
      ended(end) {
        if (over) reject(new Error('ended twice'))
        over = true
        resolve({ tokens, cached, end })
      },
      ...changes,
    })
  })
}

const alone = (wish: Wish) =>
  generateAlone(createHashingDecoder(), wish.prompt, wish.most ?? 10, samplerOf(wish), (id) => id === STOP)

const range = (from: number, length: number) => Array.from({ length }, (_, i) => 4 + ((from + i * 7) % 36))

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

  test('in calls of a few tokens of a prompt, where its device takes no more', async () => {
    let most = 0
    const decoder = createHashingDecoder(
      {
        onCall({ columns }) {
          most = Math.max(most, columns)
        },
      },
      { ...SHAPE, mostColumns: 5 },
    )
    const wishes = [31, 5, 6, 12].map((length): Wish => ({ prompt: range(length, length) }))
    const engine = engineOf(decoder)
    const outcomes = await Promise.all(wishes.map((wish) => ask(engine, wish)))
    expect(outcomes.map(({ tokens }) => tokens)).toEqual(await Promise.all(wishes.map(alone)))
    expect(most).toBe(5)
  })

  test('but not in calls of a few rows where the caches are on a device', () => {
    const decoder = createDeviceHashingDecoder({}, SIZES.block)
    expect(() => engineOf(decoder, { rowsPerCall: 2 })).toThrow(RangeError)
  })

  test('in calls of a few rows, too', async () => {
    let most = 0
    const decoder = createHashingDecoder({
      onCall: ({ lengths }) => {
        most = Math.max(most, lengths.length)
      },
    })
    const engine = engineOf(decoder, { rowsPerCall: 2 })
    const wishes = [1, 2, 3, 4, 5].map((i) => ({ prompt: range(i * 3, 2 + i), most: 30 }))
    const all = await Promise.all(wishes.map((wish) => ask(engine, wish)))
    expect(all.map(({ tokens }) => tokens)).toEqual(await Promise.all(wishes.map(alone)))
    expect(most).toBe(2)
  })

  test('a sequence that outgrows its lane goes on with its cache', async () => {
    const engine = engineOf(createHashingDecoder())
    const wishes = [2, 5, 11, 23].map((length) => ({ prompt: range(length, length), most: 40 }))
    const all = await Promise.all(wishes.map((wish) => ask(engine, wish)))
    const expected = await Promise.all(wishes.map(alone))
    expect(all.map(({ tokens }) => tokens)).toEqual(expected)
    expect(Math.max(...expected.map(({ length }) => length))).toBeGreaterThan(16)
  })
})

describe('a cancelled request', () => {
  test('is in no call after the one that runs, and its memory is free', async () => {
    let cancelled = false
    const callsAfter: number[] = []
    const decoder = createHashingDecoder({
      onCall: ({ lengths }) => void (cancelled && callsAfter.push(lengths.length)),
    })
    const engine = engineOf(decoder)
    let seen = 0
    const { end } = await ask(
      engine,
      { prompt: range(0, 6), most: 50 },
      {
        choose: () => ({ id: 9, logprobs: undefined }),
        take: () => {
          seen++
          return false
        },
        stopped: () => {
          cancelled = seen >= 5
          return cancelled
        },
      },
    )
    expect(end).toMatchObject({ how: 'stopped', outputTokens: 5 })
    expect(callsAfter).toEqual([])
    engine.trim()
    expect(engine.stats().memoryUsed).toBe(0)
  })

  test('computes nothing where it was cancelled before it began', async () => {
    let calls = 0
    const engine = engineOf(createHashingDecoder({ onCall: () => void calls++ }))
    const { end } = await ask(engine, { prompt: range(0, 6), quitAfter: 0 })
    expect(end).toEqual({
      how: 'stopped',
      promptTokens: 0,
      cachedPromptTokens: 0,
      outputTokens: 0,
      computeMs: 0,
    })
    expect(calls).toBe(0)
    expect(engine.stats().memoryUsed).toBe(0)
  })

  test('all end when the engine closes', async () => {
    const engine = engineOf(createHashingDecoder(), { slots: 2 })
    const ends = [1, 2, 3, 4].map((i) => ask(engine, { prompt: range(i, 5), most: 50 }))
    await engine.close()
    for (const { end } of await Promise.all(ends)) expect(end.how).toBe('stopped')
  })
})

describe('a failure', () => {
  test('of a call ends those that were in it, and no other', async () => {
    let broken: Call | undefined
    const decoder = createHashingDecoder({
      onCall(call) {
        if (broken !== undefined || call.lengths.length < 2) return
        broken = call
        throw new Error('out of memory')
      },
    })
    const engine = engineOf(decoder, { slots: 3 })
    const wishes = [1, 2, 3, 4, 5].map((i) => ({ prompt: range(i, 4 + i), most: 12 }))
    const all = await Promise.all(wishes.map((wish) => ask(engine, wish)))
    const failed = all.filter(({ end }) => end.how === 'failed')
    expect(failed).toHaveLength(broken?.lengths.length ?? 0)
    for (const { end } of failed) expect(end).toMatchObject({ cause: new Error('out of memory') })
    for (const [i, { end, tokens }] of all.entries())
      if (end.how !== 'failed') expect(tokens).toEqual(await alone(wishes[i] as Wish))
    expect(engine.stats()).toMatchObject({ queued: 0, prefilling: 0, decoding: 0, kvTokens: 0 })
  })

  test('between the calls ends all that are under way, and the next ones are served', async () => {
    let broken = false
    const pace = createPace()
    const engine = engineOf(createHashingDecoder(), {
      pace: {
        ...pace,
        budget(running, waiting) {
          broken = !broken && running > 1
          if (broken) throw new Error('broken')
          return pace.budget(running, waiting)
        },
      },
    })
    const all = await Promise.all([1, 2, 3].map((i) => ask(engine, { prompt: range(i, 5), most: 30 })))
    for (const { end } of all) expect(end).toMatchObject({ how: 'failed', cause: new Error('broken') })
    expect((await ask(engine, { prompt: range(3, 5), most: 1 })).end.how).toBe('finished')
    engine.trim()
    expect(engine.stats().memoryUsed).toBe(0)
  })

  test.each(['choose', 'take'] as const)('of %s ends its own request only', async (part) => {
    const engine = engineOf(createHashingDecoder())
    const good = { prompt: range(3, 9), most: 12 }
    let calls = 0
    const [bad, fine] = await Promise.all([
      ask(
        engine,
        { prompt: range(1, 9), most: 12 },
        {
          [part]: () => {
            if (++calls === 3) throw new Error('no token')
            return part === 'take' ? false : { id: 7, logprobs: undefined }
          },
        },
      ),
      ask(engine, good),
    ])
    expect(bad?.end).toMatchObject({ how: 'failed', outputTokens: part === 'take' ? 3 : 2 })
    expect(fine?.tokens).toEqual(await alone(good))
  })
})

describe('the prefix cache', () => {
  const prompt = range(0, 18)

  test('gives an account its own prefix again, with the same output', async () => {
    const engine = engineOf(createHashingDecoder())
    const first = await ask(engine, { prompt, namespace: 'ann' })
    const again = await ask(engine, { prompt, namespace: 'ann' })
    expect([first.cached, again.cached]).toEqual([0, 16])
    expect(again.tokens).toEqual(first.tokens)
    expect(engine.stats()).toMatchObject({ promptTokens: 36, cachedPromptTokens: 16, prefixBlocks: 4 })
  })

  test('always computes two tokens or more', async () => {
    const engine = engineOf(createHashingDecoder())
    for (const length of [16, 17]) {
      const wish = { prompt: range(0, length), namespace: 'ann' }
      await ask(engine, wish)
      const { cached, tokens } = await ask(engine, wish)
      expect(cached).toBe(12)
      expect(tokens).toEqual(await alone(wish))
    }
  })

  test('shows nothing to another account, or to one without a name', async () => {
    const engine = engineOf(createHashingDecoder())
    await ask(engine, { prompt, namespace: 'ann' })
    expect((await ask(engine, { prompt, namespace: 'bob' })).cached).toBe(0)
    expect((await ask(engine, { prompt, namespace: undefined })).cached).toBe(0)
  })

  test('shares with all what the operator declared public, and no more', async () => {
    const engine = engineOf(createHashingDecoder(), { publicPrefixes: [prompt.slice(0, 9)] })
    await ask(engine, { prompt, namespace: 'ann' })
    expect((await ask(engine, { prompt, namespace: 'bob' })).cached).toBe(8)
    for (const namespace of [undefined, '', 'public'])
      expect((await ask(engine, { prompt, namespace })).cached).toBe(8)
    expect((await ask(engine, { prompt, namespace: 'ann' })).cached).toBe(16)
  })

  test('is computed once for requests that come together', async () => {
    const engine = engineOf(createHashingDecoder())
    const wishes = [1, 2, 3, 4].map((i) => ({ prompt: [...prompt, ...range(i * 11, 5)], namespace: 'ann' }))
    const all = await Promise.all(wishes.map((wish) => ask(engine, wish)))
    expect(all.map(({ cached }) => cached)).toEqual([0, 16, 16, 16])
    expect(all.map(({ tokens }) => tokens)).toEqual(await Promise.all(wishes.map(alone)))
  })

  test('gives its memory to running requests, the least recently used first', async () => {
    const engine = engineOf(createHashingDecoder(), { memoryBytes: 192 * TOKEN })
    for (let i = 0; i < 12; i++) await ask(engine, { prompt: range(i, 17), namespace: 'ann' })
    await ask(engine, { prompt: range(20, 40), most: 20 })
    expect(engine.stats().memoryPeak).toBeLessThanOrEqual(192 * TOKEN)
    expect((await ask(engine, { prompt: range(11, 17), namespace: 'ann' })).cached).toBeGreaterThan(0)
    expect((await ask(engine, { prompt: range(0, 17), namespace: 'ann' })).cached).toBe(0)
  })
})

describe('memory', () => {
  test('that does not hold one request is refused at the start', () => {
    expect(() => engineOf(createHashingDecoder(), { memoryBytes: 127 * TOKEN })).toThrow(RangeError)
    expect(engineOf(createHashingDecoder(), { memoryBytes: 128 * TOKEN }).stats().memoryLimit).toBe(
      128 * TOKEN,
    )
  })

  test('keeps requests waiting until they fit, in the order in which they came', async () => {
    let most = 0
    const decoder = createHashingDecoder({
      onCall: () => {
        const { prefilling, decoding } = engine.stats()
        most = Math.max(most, prefilling + decoding)
      },
    })
    const engine = engineOf(decoder, { memoryBytes: 3 * CONTEXT * TOKEN })
    const order: number[] = []
    const wishes = [0, 1, 2, 3, 4].map((i) => ({ prompt: range(i, 30), most: 34 }))
    await Promise.all(
      wishes.map((wish, i) => ask(engine, wish, { started: () => void order.push(i), take: () => false })),
    )
    expect(most).toBe(2)
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(engine.stats().memoryPeak).toBeLessThanOrEqual(3 * CONTEXT * TOKEN)
  })

  test.each([
    { prompt: [], most: 5 },
    { prompt: [5], most: 0 },
    { prompt: range(0, 60), most: 5 },
  ])('a request that no context holds is refused: %j', (wish) => {
    const engine = engineOf(createHashingDecoder())
    expect(() =>
      engine.submit({
        ...wish,
        namespace: undefined,
        choose: samplerOf(wish),
        take: () => true,
        stopped: () => false,
        started() {},
        ended() {},
      }),
    ).toThrow(RangeError)
  })
})
