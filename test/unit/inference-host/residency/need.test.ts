import { expect, test } from 'vitest'
import { createBatchEngine } from '../../../../inference-host/decoding/batching/batch-engine.ts'
import { estimate, leastKvBytes, structureBytes } from '../../../../inference-host/residency/need.ts'
import { createHashingDecoder } from '../../../fixtures/decoding/hashing-decoder.ts'

test('the least memory for caches is the least that a batch can be made with, to the byte', () => {
  const decoder = createHashingDecoder()
  const make = (memoryBytes: number) =>
    createBatchEngine({ decoder, slots: 4, context: 1000, memoryBytes, now: () => 0 })
  const least = leastKvBytes(decoder.shape, 1000)
  expect(() => make(least)).not.toThrow()
  expect(() => make(least - 1)).toThrow(RangeError)
})

test('on a GPU, weights and caches count there, and on the host what loading them takes', () => {
  const [onCpu, onGpu] = [
    estimate(1e9, 'cpu', { host: 5e8, device: 0 }),
    estimate(1e9, 'cuda', { host: 0, device: 5e8 }),
  ]
  expect(onCpu).toEqual({ host: expect.any(Number), device: 0 })
  expect(onCpu.host - onGpu.host).toBe(5e8)
  expect(onGpu.device).toBeGreaterThanOrEqual(1.5e9)
})

test('a model that writes has 32 MiB for the structures of its answers, and others none', () => {
  expect(structureBytes('text-generation')).toEqual({ host: 32 * 2 ** 20, device: 0 })
  expect(structureBytes('feature-extraction')).toEqual({ host: 0, device: 0 })
})
