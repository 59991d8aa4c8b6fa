import { expect, test } from 'vitest'
import { largest, promptOf, servedDecoder } from '../../../../fixtures/served-decoder.ts'

/**
 * Room for three of the largest blocks and a token. A block is up to the size of two heads, by the cache of the CPU
 * (inference-host/decoding/serving-form/attention-blocks.ts).
 */
const contextFor = (headDim: number) => Math.max(600, 6 * headDim + 64)

test.each([64, 128, 256])(
  'heads of %d: a prompt of any length comes to what the export makes of it, cold, cached and among others',
  async (headDim) => {
    const { alone, asked, calls, description } = await servedDecoder({
      ...{ layers: 2, hidden: 2 * headDim, heads: 2, kvHeads: 1 },
      ...{ wide: 64, vocab: 512, context: contextFor(headDim) },
    })
    const block = description.columnBlock ?? description.fixedChunks ?? 128
    const odd = [block, block + 1, block + 2, 2 * block + 1, 2 * block + 2, 3 * block + 1]
    const lengths = [...new Set([129, 257, 385, ...odd])]
    const wanted = new Map<number, Float32Array | undefined>()
    for (const length of lengths) wanted.set(length, await alone(promptOf(length, 1)))
    // Where a token depends on the length of what follows it, the export's own way cannot be had with a cache.
    const exact = description.fixedChunks === undefined
    for (const length of lengths) {
      const cold = await asked(promptOf(length, 1), `alone ${length}`)
      const cached = await asked(promptOf(length, 1), `alone ${length}`)
      expect([length, cold.cached]).toEqual([length, 0])
      if (length > 2 * block + 32) expect([length, cached.cached > 0]).toEqual([length, true])
      expect([length, largest(cached.logits, cold.logits)]).toEqual([length, 0])
      if (exact) expect([length, largest(cold.logits, wanted.get(length))]).toEqual([length, 0])
    }
    // Among others, and behind what these have left in the cache.
    const together = await Promise.all(
      lengths.map((length) => asked(promptOf(length, 1), length % 2 ? 'one' : 'other')),
    )
    for (const [i, { logits }] of together.entries())
      if (exact) expect([lengths[i], largest(logits, wanted.get(lengths[i] ?? 0))]).toEqual([lengths[i], 0])
    expect(Math.min(...calls)).toBeGreaterThan(exact ? 1 : 0)
  },
)
