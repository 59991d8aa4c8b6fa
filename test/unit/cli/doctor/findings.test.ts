import { expect, it } from 'vitest'
import { findingsOf } from '../../../../cli/doctor/findings.ts'
import defaultCatalog from '../../../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../../../shared/catalog.ts'

const NOW = 1_000_000
const catalog = Catalog.parse(defaultCatalog)
const state = (served: Record<string, number>, deadLetters = 0) => ({
  served: new Map(Object.entries(served)),
  events: 0,
  deadLetters,
  acts: 0,
})
const ill = (served: Record<string, number>, deadLetters = 0, of = catalog) =>
  findingsOf({ catalog: of, state: state(served, deadLetters), now: NOW })
    .filter(({ ok }) => !ok)
    .map(({ check }) => check)

it('finds jobs that plans offer and no host takes, now or any more', () => {
  const all = ['jobs of twohop-chat', 'jobs of twohop-embed', 'jobs of twohop-classify']
  expect(ill({})).toEqual(all)
  expect(ill({ 'twohop-chat': NOW + 1, 'twohop-embed': NOW })).toEqual(all.slice(1))
  expect(ill({ 'twohop-chat': NOW + 1, 'twohop-embed': NOW + 1, 'twohop-classify': NOW + 1 })).toEqual([])
})

it('asks for no host where no plan offers jobs, or none for a model', () => {
  const without = catalog.plans.map((plan) => ({
    ...plan,
    scopes: plan.scopes.filter((scope) => scope !== 'jobs'),
  }))
  expect(ill({}, 0, { ...catalog, plans: without })).toEqual([])
  const chatOnly = catalog.plans.map((plan) => ({ ...plan, scopes: ['chat', 'jobs'] }))
  expect(ill({}, 0, { ...catalog, plans: chatOnly })).toEqual(['jobs of twohop-chat'])
})

it('finds dead letters', () => {
  const served = { 'twohop-chat': NOW + 1, 'twohop-embed': NOW + 1, 'twohop-classify': NOW + 1 }
  expect(ill(served, 3)).toEqual(['dead letters'])
})
