import { expect, it } from 'vitest'
import { whyNone } from '../../../../bench/gpu/devices.ts'
import { gpuTable } from '../../../../bench/gpu/table.ts'

it('prints a table that a page can have, with what was not measured named as that', () => {
  const rows = [
    {
      device: 'cuda',
      form: 'q4f16',
      batched: 'yes',
      same: { equal: 15, of: 16 },
      tokensPerSecond: new Map([
        [1, 101.6],
        [64, 4000],
      ]),
    },
    { device: 'webgpu', form: 'q4', batched: 'no adapter', tokensPerSecond: new Map() },
  ] as const
  expect(gpuTable(rows, [1, 16, 64]).split('\n')).toEqual([
    '| device | form | batched | answers as on the CPU | tokens/s x 1 | tokens/s x 16 | tokens/s x 64 |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| cuda | `q4f16` | yes | 15 of 16 | 102 | not measured | 4000 |',
    '| webgpu | `q4` | no adapter | not measured | not measured | not measured | not measured |',
  ])
})

it('says in one line that there is no GPU, and why; one form that runs is enough', () => {
  const cuda = { device: 'cuda', runs: [], not: { q4: 'no provider\nat x', q4f16: 'none' } } as const
  const webgpu = { device: 'webgpu', runs: [], not: { q4: 'no adapter' } } as const
  const why = whyNone([
    { ...cuda, runs: [] },
    { ...webgpu, runs: [] },
  ])
  expect(why).toMatch(/^There is no GPU to measure \(cuda: no provider; webgpu: no adapter\)\..*--device cpu/)
  expect(why).not.toContain('\n')
  expect(whyNone([{ ...cuda, runs: ['q4f16'] }])).toBeUndefined()
})
