import { expect, it } from 'vitest'
import { Catalog } from '../../../shared/catalog.ts'
import { CATALOG_CHARS, catalogOver } from '../../../shared/catalog-change.ts'
import { catalog } from '../../fixtures/catalog.ts'

const HOST = { id: 'host-a', kind: 'own', url: 'http://10.0.0.7:8080' }
const deployed = Catalog.parse({ ...catalog, upstreams: [HOST], project: { budgets: { day: 10 } } })
const over = (changes: object, plans?: string[]) =>
  catalogOver({ catalog: deployed, ...(plans && { plans }) }, JSON.stringify({ ...deployed, ...changes }))

it('takes prices, weights, versions and switched-off models', () => {
  const [first, ...others] = deployed.models
  const models = [
    { ...first, disabled: true, versions: [{ id: 'v2' }], prices: { prompt: 7, output: 9 } },
    ...others,
  ]
  const taken = over({ models }, ['free'])
  expect('catalog' in taken && taken.catalog.models[0]).toMatchObject({
    disabled: true,
    prices: { prompt: 7 },
  })
})

it.each([
  [
    'another address',
    { upstreams: [{ ...HOST, url: 'http://10.0.0.8:8080' }] },
    'upstreams: must be as deployed',
  ],
  ['no upstreams', { upstreams: undefined }, 'upstreams: must be as deployed'],
  ['other money of the deployment', { project: { budgets: { day: 11 } } }, 'project: must be as deployed'],
])('refuses %s', (_, changes, complaint) => {
  expect(over(changes)).toEqual({ wrong: [expect.stringContaining(complaint)] })
})

it('refuses what is no JSON, too long, or lacks a plan that a variable names', () => {
  expect(catalogOver({ catalog: deployed }, '{')).toEqual({ wrong: ['is not JSON'] })
  expect(catalogOver({ catalog: deployed }, ' '.repeat(CATALOG_CHARS + 1))).toMatchObject({
    wrong: [expect.stringContaining('longer')],
  })
  expect(over({ made_up: 1 })).toMatchObject({
    wrong: [expect.stringMatching(/^has a field that is not known here; known are default_plan/)],
  })
  expect(over({}, ['guests'])).toEqual({
    wrong: ['plans: lacks the plan that a variable of the edge names'],
  })
})
