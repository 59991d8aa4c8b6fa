import { expect, test } from 'vitest'
import { estimate, structureBytes } from '../../../../inference-host/residency/need.ts'

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
