import { expect, it } from 'vitest'
import { isErrors, modelStats } from '../../../../edge/stats/model-stats.ts'
import { unpacked } from '../../../../edge/stats/packed.ts'

it('reads whose sums a field has from its name, spaces in a model included', () => {
  const sums = unpacked(' o=2 f=1 n=9 m0=3 ms=12')
  expect(modelStats(['chat', 'v2', 'a', 'model'], sums)).toMatchObject({
    model: 'a model',
    version: 'v2',
    task: 'chat',
    requests: 3,
    failed: 1,
    units: 9,
    total: { sumMs: 12 },
  })
  expect(modelStats(['chat', '-', 'm'], sums).version).toBeUndefined()
})

it('tells errors from a model', () => {
  expect(isErrors(['errors'])).toBe(true)
  expect(isErrors(['errors', '-', 'm'])).toBe(false)
})
