import { describe, expect, test } from 'vitest'
import { createHashingDecoder } from '../../../../fixtures/decoding/hashing-decoder.ts'
import {
  alone,
  ask,
  CONTEXT,
  engineOf,
  range,
  samplerOf,
  TOKEN,
} from '../../../../fixtures/decoding/small-engine.ts'

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
