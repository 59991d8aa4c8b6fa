import { expect, test } from 'vitest'
import { gpuBench } from '../../bench/gpu/bench.ts'

test('the script for GPUs runs through, on the CPU and with a tiny model: both forms, batched, and the same answers', async () => {
  const lines: string[] = []
  const { rows } = await gpuBench({
    device: ['cpu'],
    quick: true,
    json: true,
    progress: (line) => void lines.push(line),
    signal: AbortSignal.timeout(170_000),
  })
  expect(rows).toMatchObject([
    { device: 'cpu', form: 'q4', batched: 'yes', same: { equal: 4, of: 4 } },
    { device: 'cpu', form: 'q4f16', batched: 'yes', same: { equal: 4, of: 4 } },
  ])
  for (const { tokensPerSecond } of rows)
    for (const streams of [1, 4]) expect(tokensPerSecond[streams]).toBeGreaterThan(0)
  expect(lines).toContain('cpu q4f16: 8 + 4 x 4')
})
