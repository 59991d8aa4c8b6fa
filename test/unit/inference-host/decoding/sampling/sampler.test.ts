import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decay } from '../../../../../inference-host/decoding/sampling/decay.ts'
import { createDraw } from '../../../../../inference-host/decoding/sampling/draw.ts'
import { argmax } from '../../../../../inference-host/decoding/sampling/greedy.ts'
import { likeliest } from '../../../../../inference-host/decoding/sampling/likeliest.ts'
import { createTokenSampler } from '../../../../../inference-host/decoding/sampling/sampler.ts'
import { unfollowedDefaults } from '../../../../../inference-host/decoding/sampling/settings.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import type { SamplingSettings } from '../../../../../inference-host/work/sampling.ts'
import { kept, softmax, sorted } from '../../../../fixtures/decoding/reference-sampler.ts'

/** Coarse values, so that equal logits are common. */
const logitsOf = fc
  .array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values, (value) => value / 8))

/** Greedy, unless the settings say otherwise. */
function samplerOf(asked: SamplingSettings, more: Partial<Parameters<typeof createTokenSampler>[0]> = {}) {
  const settings = { temperature: 0, ...asked }
  return createTokenSampler({ settings, defaults: {}, prompt: [], random: seededRandom(1), ...more })
}

const ORDINARY = {
  ...{
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    repetitionPenalty: 1,
    frequencyPenalty: 0,
    presencePenalty: 0,
  },
  logitBias: new Map<number, number>(),
}

/** Every id that a draw gives at points so close that none with a share above 0.001 lies between two of them. */
function reachable(settings: Partial<Parameters<typeof createDraw>[0]>, logits: Float32Array): number[] {
  const draw = createDraw({ temperature: 1, topP: 1, topK: 0, minP: 0, ...settings })
  const points = Array.from({ length: 1201 }, (_, i) => i / 1201)
  return [...new Set(points.map((point) => draw(logits, point)))].sort((a, b) => a - b)
}

test('the greedy choice is the first of the highest, none where nothing is possible', () => {
  expect(argmax(Float32Array.of(1, 5, -2, 5))).toBe(1)
  expect(argmax(new Float32Array(3).fill(Number.NEGATIVE_INFINITY))).toBe(-1)
  expect(argmax(new Float32Array(3).fill(Number.NaN))).toBe(-1)
})

test('whatever numbers a request may name, a token is chosen', async () => {
  const between = (min: number, max: number) => fc.double({ min, max, noNaN: true })
  const anySettings = fc.record({
    temperature: between(0, 2),
    topP: between(0, 1),
    topK: fc.integer({ min: -1, max: 1_000_000 }),
    minP: between(0, 1),
    repetitionPenalty: between(Number.MIN_VALUE, 10),
    frequencyPenalty: between(-2, 2),
    presencePenalty: between(-2, 2),
    logitBias: fc
      .array(fc.tuple(fc.nat(5), between(-100, 100)), { maxLength: 3 })
      .map((pairs) => new Map(pairs)),
  })
  await fc.assert(
    fc.property(anySettings, logitsOf, (settings, logits) => {
      const choose = samplerOf(settings, { prompt: [0, 1, 2] })
      for (let step = 0; step < 3; step++)
        expect(choose(Float32Array.from(logits)).id).toBeGreaterThanOrEqual(0)
    }),
    { examples: [[{ ...ORDINARY, repetitionPenalty: Number.MIN_VALUE }, Float32Array.of(1, 2)]] },
  )
})

test('e^-x is right to 3e-14', () => {
  for (let x = 0; x <= 40; x += 0.0137) expect(Math.abs(decay(x) / Math.exp(-x) - 1)).toBeLessThan(3e-14)
  expect([decay(0), decay(40.1), decay(Number.POSITIVE_INFINITY)]).toEqual([1, 0, 0])
})

test('the likeliest are those that sorting gives', async () => {
  await fc.assert(
    fc.property(logitsOf, fc.integer({ min: 0, max: 70 }), (logits, count) => {
      expect(likeliest(logits, count)).toEqual(sorted(logits).slice(0, count))
    }),
  )
})

describe('what can be drawn', () => {
  test.each<[Partial<Parameters<typeof createDraw>[0]>]>([
    [{}],
    [{ topK: 3 }],
    [{ topP: 0.7 }],
    [{ minP: 0.2 }],
    [{ topK: 8, topP: 0.8 }],
    [{ topP: 0.9, minP: 0.1 }],
    [{ temperature: 0.5, topK: 10, topP: 0.95, minP: 0.05 }],
  ])('with %j is what the definitions leave', async (settings) => {
    await fc.assert(
      fc.property(logitsOf, (logits) => {
        const given = reachable(settings, logits)
        const expected = kept(logits, settings)
        const shares = softmax(
          expected.map((id) => logits[id] ?? 0),
          settings.temperature,
        )
        const sure = expected.filter((_, i) => (shares[i] ?? 0) > 0.001)
        expect(expected).toEqual(expect.arrayContaining(given))
        expect(given).toEqual(expect.arrayContaining(sure))
      }),
      { numRuns: 60 },
    )
  })

  test('comes as often as its probability says', () => {
    const logits = Float32Array.of(2, 0, 1, -1)
    const draw = createDraw({ temperature: 0.8, topP: 1, topK: 0, minP: 0 })
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 10_000; i++) {
      const id = draw(logits, i / 10_000)
      counts[id] = (counts[id] ?? 0) + 1
    }
    for (const [id, share] of softmax(logits, 0.8).entries())
      expect((counts[id] ?? 0) / 10_000).toBeCloseTo(share, 3)
  })
})

describe('penalties', () => {
  const choose = (settings: SamplingSettings, prompt: number[], rows: number[][]) => {
    const sampler = samplerOf(settings, { prompt })
    return rows.map((row) => sampler(Float32Array.from(row)).id)
  }

  test('repetition divides positive and multiplies negative logits, the prompt counted', () => {
    expect(choose({ repetitionPenalty: 2 }, [0], [[3, 2, -9]])).toEqual([1])
    expect(choose({ repetitionPenalty: 2 }, [1], [[-3, -2, -9]])).toEqual([0])
    expect(
      choose(
        { repetitionPenalty: 2 },
        [],
        [
          [3, 2],
          [3, 2],
        ],
      ),
    ).toEqual([0, 1])
  })

  test('frequency counts each time, presence once, the prompt not', () => {
    const row = [3, 2.5]
    expect(choose({ frequencyPenalty: 0.3 }, [0], [row, row, row, row])).toEqual([0, 0, 1, 0])
    expect(choose({ presencePenalty: 0.4 }, [0], [row, row, row])).toEqual([0, 0, 0])
    expect(choose({ presencePenalty: 0.6 }, [0], [row, row, row])).toEqual([0, 1, 0])
  })

  test('a bias is added; one beyond the vocabulary does nothing', () => {
    const logitBias = new Map([
      [1, 2],
      [99, 100],
    ])
    expect(choose({ logitBias }, [], [[3, 2]])).toEqual([1])
  })

  test("the model's own repetition penalty holds for greedy decoding too", () => {
    const sampler = samplerOf({}, { prompt: [0], defaults: { repetition_penalty: 2 } })
    expect(sampler(Float32Array.of(3, 2)).id).toBe(1)
  })
})

describe('a constraint', () => {
  const masked = (words: Int32Array, settings: SamplingSettings, logits: number[]) => {
    const accepted: number[] = []
    const by = {
      next(mask: Int32Array) {
        expect(mask.length).toBe((logits.length + 31) >> 5)
        mask.fill(0).set(words)
        return undefined
      },
      cut() {},
      accept: (token: number) => void accepted.push(token),
    }
    const { id } = samplerOf(settings, { constrained: { by, room: 1 } })(Float32Array.from(logits))
    return { id, accepted }
  }

  test('is told how many tokens remain', () => {
    const asked: number[] = []
    const by = {
      next(mask: Int32Array, remaining: number) {
        asked.push(mask.fill(-1).length * 100 + remaining)
        return undefined
      },
      cut() {},
      accept() {},
    }
    const sampler = samplerOf({}, { constrained: { by, room: 3 } })
    for (let i = 0; i < 3; i++) sampler(Float32Array.of(1, 2))
    expect(asked).toEqual([103, 102, 101])
  })

  test('rules out what its bits do not allow, whatever the bias', () => {
    const logits = Array.from({ length: 70 }, (_, i) => i)
    const mask = Int32Array.of(1 << 31, 0b10, 0)
    expect(masked(mask, { logitBias: new Map([[69, 100]]) }, logits)).toEqual({ id: 33, accepted: [33] })
    expect(masked(Int32Array.of(1 << 31, 0, 0), { temperature: 1 }, logits)).toEqual({
      id: 31,
      accepted: [31],
    })
    expect(masked(Int32Array.of(-1, -1, -1), {}, logits).id).toBe(69)
    expect(masked(Int32Array.of(-1), {}, logits).id).toBe(31)
  })

  test('is told where the likeliest token was left out for lack of room, drawn or not', () => {
    const cuts = (settings: SamplingSettings, roomier: Int32Array | undefined) => {
      let count = 0
      const by = {
        next(mask: Int32Array) {
          mask.fill(0b0011)
          return roomier
        },
        cut: () => void count++,
        accept() {},
      }
      samplerOf(settings, { constrained: { by, room: 3 } })(Float32Array.of(1, 2, 3, 4))
      return count
    }
    for (const settings of [{}, { temperature: 2 }]) {
      expect(cuts(settings, Int32Array.of(0b0111))).toBe(1)
      expect(cuts(settings, Int32Array.of(0b0011))).toBe(0)
      expect(cuts(settings, undefined)).toBe(0)
    }
  })

  test('that allows nothing is an error, greedy or not', () => {
    expect(() => masked(Int32Array.of(0), {}, [1, 2])).toThrow('no token is possible')
    expect(() => masked(Int32Array.of(0), { temperature: 1 }, [1, 2])).toThrow('no token is possible')
  })
})

describe('log probabilities', () => {
  test("are those of the model's own logits, whatever is done to these", () => {
    const logits = [1, 3, 2, 0]
    const expected = softmax(logits).map(Math.log)
    const settings = { logprobs: 2, temperature: 0.3, topK: 1, logitBias: new Map([[3, 50]]) }
    const { id, logprobs } = samplerOf(settings)(Float32Array.from(logits))
    expect(id).toBe(3)
    expect(logprobs?.logprob).toBeCloseTo(expected[3] ?? 0, 6)
    expect(logprobs?.top.map((token) => token.id)).toEqual([1, 2])
    expect(logprobs?.top[0]?.logprob).toBeCloseTo(expected[1] ?? 0, 6)
  })

  test('are left out where nobody asks, and come without others for 0', () => {
    expect(samplerOf({})(Float32Array.of(1, 2)).logprobs).toBeUndefined()
    expect(samplerOf({ logprobs: 0 })(Float32Array.of(1, 2)).logprobs?.top).toEqual([])
  })
})

describe("a model's defaults", () => {
  const drawn = (settings: SamplingSettings, defaults: object) => {
    const ids = Array.from(
      { length: 40 },
      (_, i) =>
        createTokenSampler({ settings, defaults, prompt: [], random: () => i / 40 })(
          Float32Array.of(1, 1.2, 1.1),
        ).id,
    )
    return new Set(ids).size
  }

  test.each([
    ["without any they are OpenAI's: temperature 1, nothing cut off", {}, {}, 3],
    ['hold where the request names none', {}, { temperature: 0.001 }, 1],
    ['hold whether or not the model says that it samples', {}, { top_k: 2 }, 2],
    ['hold where it says so', {}, { do_sample: true, top_k: 2 }, 2],
    ['that say that it does not are greedy', {}, { do_sample: false, temperature: 1 }, 1],
    ['make way for the request', { topK: 0, temperature: 1 }, { do_sample: false, top_k: 2 }, 3],
    ['make way for greed too', { temperature: 0 }, { do_sample: true }, 1],
    ['that are null are none', {}, { temperature: null, top_p: null, top_k: null }, 3],
  ])('%s', (_, settings, defaults, different) => {
    expect(drawn(settings, defaults)).toBe(different)
  })

  test('that the samplers do not follow are named', () => {
    expect(
      unfollowedDefaults({ no_repeat_ngram_size: 3, bad_words_ids: [], forced_eos_token_id: 0 }),
    ).toEqual(['no_repeat_ngram_size', 'forced_eos_token_id'])
    expect(unfollowedDefaults({ eos_token_id: 2, min_length: 0, repetition_penalty: 1.2 })).toEqual([])
  })
})
