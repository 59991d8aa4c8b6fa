import { expect, test } from 'vitest'
import { createBatchEngine } from '../../../../../inference-host/decoding/batching/batch-engine.ts'
import {
  leastKvBytes,
  servedContext,
} from '../../../../../inference-host/decoding/batching/served-context.ts'
import { createHashingDecoder } from '../../../../fixtures/decoding/hashing-decoder.ts'

const MIB = 2 ** 20
/** A token takes 64 KiB. */
const LLAMA = { layers: 16, kvHeads: 8, headDim: 64, kvType: 'float32' } as const
const asked = (context: number, most: number, part = most, isGiven = false) =>
  servedContext(LLAMA, { context, isGiven, most: most * MIB, part: part * MIB })

test('the least memory for caches is the least that a batch can be made with, to the byte', () => {
  const decoder = createHashingDecoder()
  const make = (memoryBytes: number) =>
    createBatchEngine({ decoder, slots: 4, context: 1000, memoryBytes, now: () => 0 })
  const least = leastKvBytes(decoder.shape, 1000)
  expect(() => make(least)).not.toThrow()
  expect(() => make(least - 1)).toThrow(RangeError)
})

test('a context that fits is served whole, within its part of the memory if that holds it', () => {
  expect(asked(2048, 1024)).toEqual({ context: 2048, memoryBytes: 1024 * MIB })
  expect(asked(2048, 1024, 300)).toEqual({ context: 2048, memoryBytes: 300 * MIB })
  expect(asked(2048, 1024, 100)).toEqual({ context: 2048, memoryBytes: 256 * MIB })
})

test('a longer one is served as far as it fits, and a batch can be made of that', () => {
  expect(asked(131_072, 1024)).toEqual({ context: 8192, memoryBytes: 1024 * MIB })
  expect(asked(131_072, 1024, 300)).toEqual({ context: 2368, memoryBytes: 300 * MIB })
  expect(asked(131_072, 1024, 10)).toEqual({ context: 1024, memoryBytes: 128 * MIB })
  for (const part of [129, 200, 301, 999, 1024]) {
    const { context } = asked(131_072, 1024, part)
    expect(leastKvBytes(LLAMA, context)).toBeLessThanOrEqual(part * MIB)
  }
})

test('where too little fits, or the entry has said how much it is to be, it says what would do', () => {
  expect(asked(131_072, 100)).toEqual({ needs: 128 * MIB, context: 1024 })
  expect(asked(32_768, 1024, 1024, true)).toEqual({ needs: 4096 * MIB, context: 32_768 })
  expect(asked(4096, 1024, 1024, true)).toMatchObject({ context: 4096 })
})
