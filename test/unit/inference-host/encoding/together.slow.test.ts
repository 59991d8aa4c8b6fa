import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EncodeWork } from '../../../../inference-host/work/encode.ts'
import { ask, type TinyModel, tinyModel } from '../../../fixtures/encoding/tiny.ts'
import { TINY_CONTEXT } from '../../../fixtures/graphs/tiny-encoder.ts'

const WORDS = ['the', 'fox', 'lives', 'in', 'paris', 'unknowns', 'jumping', 'école', ',', 'xyz']
const text = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 20 })
  .map((words) => words.join(' '))

const embed = (texts: readonly string[], more: object = {}): EncodeWork => ({
  kind: 'embed',
  texts,
  normalize: true,
  encoding: 'float',
  ...more,
})

const IDLE = { stopped: () => false, report: () => {}, newSeed: () => 1 }

/** float32 sums over padded rows may come in another order; vectors are of length 1. */
const TOLERANCE = 1e-5

describe('an encoder with float activations', () => {
  let model: TinyModel
  beforeAll(async () => {
    model = await tinyModel('feature-extraction')
  })
  afterAll(() => model.remove())
  const alone = async (one: string) => (await ask<number[]>(model, embed([one]))).items?.[0] ?? []

  test('any mix of requests gives every text its own vector, in order, some cancelled on the way', async () => {
    const work = fc.record({
      texts: fc.array(text, { minLength: 1, maxLength: 8 }),
      stopAfter: fc.option(fc.nat(6)),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(work, { minLength: 1, maxLength: 6 }), async (requests) => {
        const answers = await Promise.all(
          requests.map(({ texts, stopAfter }) => {
            let asked = 0
            return ask<number[]>(model, embed(texts), {
              stopped: () => stopAfter !== null && asked++ >= stopAfter,
            })
          }),
        )
        for (const [i, { texts, stopAfter }] of requests.entries()) {
          const { items, counts } = answers[i] ?? {}
          if (stopAfter === null) expect(items).toHaveLength(texts.length)
          const tokens = texts.map((one) => model.plain.tokenizer.encode(one).length)
          const all = tokens.reduce((sum, count) => sum + count, 0)
          if (items === undefined) expect(counts?.promptTokens).toBeLessThanOrEqual(all)
          else expect(counts?.promptTokens).toBe(all)
          for (const [k, vector] of (items ?? []).entries()) {
            const own = await alone(texts[k] ?? '')
            const farthest = Math.max(...vector.map((value, at) => Math.abs(value - (own[at] ?? Number.NaN))))
            expect(farthest).toBeLessThan(TOLERANCE)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('a vector is the mean of what transformers.js gives for the text’s tokens', async () => {
    const { tokenizer, model: plain } = model.plain
    const { last_hidden_state: states } = await plain(tokenizer('the fox lives in Paris'))
    const [, tokens, width] = states.dims as [number, number, number]
    const mean = Array.from({ length: width }, (_, i) => {
      const column = [...Array(tokens).keys()].map((token) => states.data[token * width + i] as number)
      return column.reduce((sum, value) => sum + value, 0) / tokens
    })
    const { items } = await ask<number[]>(model, embed(['the fox lives in Paris'], { normalize: false }))
    expect(items?.[0]).toEqual(mean.map((value) => expect.closeTo(value, 5)))
  })

  test('dimensions keep the first numbers; more than there are is refused', async () => {
    const [full] = (await ask<number[]>(model, embed(['fox'], { normalize: false }))).items ?? []
    const [cut] =
      (await ask<number[]>(model, embed(['fox'], { normalize: false, dimensions: 3 }))).items ?? []
    expect(cut).toEqual(full?.slice(0, 3))
    const counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
    const all = await ask<number[]>(model, embed(['fox'], { dimensions: 16, whole: true }))
    expect(all.items).toEqual((await ask<number[]>(model, embed(['fox'], {}))).items)
    for (const asked of [{ dimensions: 17 }, { dimensions: 8, whole: true }]) {
      const work = { ...embed(['fox'], asked), limits: { promptTokens: 99, outputTokens: 0 } }
      await expect(model.encoder.perform(work, { ...IDLE, counts })).rejects.toMatchObject({
        code: 'invalid_request',
        param: 'dimensions',
        message: "The model's vectors have 16 dimensions.",
      })
    }
    expect(counts.promptTokens).toBe(0)
  })

  test('a text beyond the context is refused by its place before anything is computed, or cut where asked', async () => {
    const long = 'fox '.repeat(TINY_CONTEXT)
    const counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
    const work = {
      ...embed(['fox', long], { field: 'inputs' }),
      limits: { promptTokens: 999, outputTokens: 0 },
    }
    await expect(model.encoder.perform(work, { ...IDLE, counts })).rejects.toMatchObject({
      code: 'context_length_exceeded',
      param: 'inputs[1]',
    })
    expect(counts.promptTokens).toBe(0)
    const { items, counts: used } = await ask<number[]>(model, embed([long], { truncate: true }))
    expect(used.promptTokens).toBe(TINY_CONTEXT)
    expect(items?.[0]).toEqual(await alone('fox '.repeat(TINY_CONTEXT - 2)))
  })

  test('more tokens than were reserved are refused', async () => {
    await expect(ask(model, embed(['the fox', 'fox']), { promptTokens: 6 })).rejects.toMatchObject({
      code: 'prompt_exceeds_reservation',
    })
    expect((await ask(model, embed(['the fox', 'fox']), { promptTokens: 7 })).items).toHaveLength(2)
  })
})

test('where activations are quantized by the whole batch, texts go alone: equal to the last bit', async () => {
  const model = await tinyModel('feature-extraction', { quantized: true })
  const texts = ['the fox', 'in paris', 'a dog', 'quick brown', 'the cat']
  const { items } = await ask<number[]>(model, embed(texts))
  for (const [i, one] of texts.entries())
    expect(items?.[i]).toEqual((await ask<number[]>(model, embed([one]))).items?.[0])
  await model.remove()
})

describe('a pair beyond the context', () => {
  let model: TinyModel
  beforeAll(async () => {
    model = await tinyModel('text-ranking', { labels: ['relevant'] })
  })
  afterAll(() => model.remove())
  const rank = (query: string, documents: string[], truncate: boolean) =>
    ask<{ index: number; relevance_score: number }>(model, {
      kind: 'rank',
      query,
      documents,
      topN: undefined,
      truncate,
    })

  test('loses the end of its document, never of the query', async () => {
    const long = 'fox '.repeat(60).trim()
    const room = TINY_CONTEXT - 3 - 2
    const cut = await rank('the cat', [long], true)
    expect(cut.counts.promptTokens).toBe(TINY_CONTEXT)
    expect(cut.items).toEqual((await rank('the cat', ['fox '.repeat(room).trim()], true)).items)
    await expect(rank('the cat', ['fox', long], false)).rejects.toMatchObject({
      code: 'context_length_exceeded',
      param: 'documents[1]',
    })
    await expect(rank(long, ['fox'], true)).rejects.toMatchObject({ param: 'documents[0]' })
  })
})
