import { describe, expect, test } from 'vitest'
import type { Call } from '../../../../../inference-host/decoding/batching/decoder.ts'
import { createPace } from '../../../../../inference-host/decoding/batching/pace.ts'
import { createDeviceHashingDecoder } from '../../../../fixtures/decoding/fake-device.ts'
import { createHashingDecoder, SHAPE } from '../../../../fixtures/decoding/hashing-decoder.ts'
import { alone, ask, engineOf, range, SIZES, type Wish } from '../../../../fixtures/decoding/small-engine.ts'

describe('many at once', () => {
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
    expect(broken?.lengths.length).toBeGreaterThan(1)
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
