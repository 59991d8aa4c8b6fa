import { expect, it } from 'vitest'
import { changesOf } from '../../../cli/catalog-changes.ts'
import { catalog } from '../../fixtures/catalog.ts'

it('says what changed by its path, whatever the order is', () => {
  const [first, ...others] = catalog.models
  if (!first) throw new Error('the catalog has models')
  const models = [...others, { ...first, disabled: true, prices: { ...first.prices, prompt: 99 } }]
  expect(changesOf(catalog, { ...catalog, models })).toEqual([
    `~ models.${first.id}.prices.prompt: ${first.prices.prompt} -> 99`,
    `+ models.${first.id}.disabled: true`,
  ])
  expect(changesOf(catalog, catalog)).toEqual([])
  const plans = catalog.plans.slice(1)
  expect(changesOf(catalog, { ...catalog, plans })[0]).toBe('- plans.free.id: "free"')
})
