import { describe, expect, test } from 'vitest'
import { atStart } from '../../../../inference-host/residency/plan.ts'

const MB = 2 ** 20
const model = (id: string, mb: number, load?: 'start' | 'demand') => ({
  id,
  need: { host: mb * MB, device: 0 },
  load,
})
const budget = (mb: number) => ({ host: mb * MB, device: 0 })

describe('which models are loaded at the start', () => {
  test('all that fit, in the order of the manifest; a smaller one behind one that does not fit still does', () => {
    const models = [model('a', 40), model('b', 70), model('c', 60), model('d', 1)]
    expect([...atStart(models, budget(100))]).toEqual(['a', 'c'])
    expect([...atStart(models, budget(171))]).toEqual(['a', 'b', 'c', 'd'])
  })

  test('those that are to be come before those that do not say; those on demand never are', () => {
    const models = [model('a', 60), model('b', 60, 'start'), model('c', 1, 'demand')]
    expect([...atStart(models, budget(100))]).toEqual(['b'])
  })

  test('one larger than the whole budget is one line that says how large and which variable', () => {
    expect(() => atStart([model('a', 1), model('b', 101, 'demand')], budget(100))).toThrow(
      /^b will need about 101 MiB of memory; HOST_MEMORY_MB allows 100$/,
    )
    const onGpu = { id: 'g', need: { host: 1, device: 2 * MB }, load: undefined }
    expect(() => atStart([onGpu], { host: 10, device: MB })).toThrow(
      /^g will need about 2 MiB of memory; HOST_DEVICE_MEMORY_MB allows 1$/,
    )
  })

  test('so are several that are all to be there from the start and do not fit together', () => {
    const models = [model('a', 60, 'start'), model('b', 60, 'start')]
    expect(() => atStart(models, budget(100))).toThrow(
      /^a, b \(all "load": "start"\) will need about 120 MiB/,
    )
  })
})
