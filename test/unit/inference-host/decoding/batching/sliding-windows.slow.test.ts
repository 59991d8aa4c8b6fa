import { expect, test } from 'vitest'
import { slideWindows, widenWeights } from '../../../../fixtures/graphs/variants.ts'
import { largest, largestOf, promptOf, servedDecoder } from '../../../../fixtures/served-decoder.ts'

const WINDOWS = [100, 16]
/** Shorter than a window, as long, and longer, and so that later calls begin on either side of its edge. */
const LENGTHS = [15, 16, 17, 63, 99, 100, 101, 130, 200]

/** Layers with four heads of queries on one of 256, as in Gemma 3. */
const decoder = (windows: readonly number[]) =>
  servedDecoder(
    {
      ...{ layers: windows.length, hidden: 1024, heads: 4, kvHeads: 1 },
      ...{ wide: 64, vocab: 512, context: 256 },
    },
    (model) => {
      widenWeights(model)
      slideWindows(model, windows)
    },
  )

test('with sliding windows an answer is the one alone: cold, from the cache and among others', async () => {
  const { stepsAlone, asked, calls, description } = await decoder(WINDOWS)
  // Where a token depends on what follows it, only what the host itself answers alone is the same to the bit.
  const alone = (length: number) =>
    description.fixedChunks === undefined
      ? stepsAlone(promptOf(length, 1), 3)
      : asked(promptOf(length, 1), `alone ${length}`, 3).then(({ steps }) => steps)
  const wanted = new Map<number, Float32Array[]>()
  for (const length of LENGTHS) wanted.set(length, await alone(length))
  const apart = (length: number, steps: readonly Float32Array[]) => largestOf(steps, wanted.get(length) ?? [])

  for (const length of LENGTHS) {
    const cold = await asked(promptOf(length, 1), `account ${length}`, 3)
    const cached = await asked(promptOf(length, 1), `account ${length}`, 3)
    expect([length, cold.cached, apart(length, cold.steps)]).toEqual([length, 0, 0])
    expect([length, apart(length, cached.steps)]).toEqual([length, 0])
    if (length > 65) expect([length, cached.cached > 0]).toEqual([length, true])
  }
  calls.length = 0
  const together = await Promise.all(
    LENGTHS.map((length) => asked(promptOf(length, 1), length % 2 ? 'one' : 'other', 3)),
  )
  for (const [i, { steps }] of together.entries())
    expect([LENGTHS[i], apart(LENGTHS[i] ?? 0, steps)]).toEqual([LENGTHS[i], 0])
  // Long prompts came in pieces, of which some began beyond a window.
  expect(calls.filter((columns) => columns > 1 && !LENGTHS.includes(columns)).length).toBeGreaterThan(2)
})

test('what lies beyond the window changes nothing, and the last of what lies within does', async () => {
  const { asked } = await decoder([16])
  const prompt = promptOf(130, 1)
  const [whole, beyond, within] = await Promise.all(
    [prompt, prompt.with(-17, 7), prompt.with(-16, 7)].map((tokens, i) => asked(tokens, `account ${i}`)),
  )
  const logits = whole?.logits ?? new Float32Array()
  expect(logits.length).toBe(512)
  expect(largest(logits, beyond?.logits)).toBe(0)
  expect(largest(logits, within?.logits)).toBeGreaterThan(0.01)
})
