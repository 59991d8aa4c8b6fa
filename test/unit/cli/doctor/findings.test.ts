import { expect, it } from 'vitest'
import { findingsOf } from '../../../../cli/doctor/findings.ts'
import { catalog } from '../../../fixtures/catalog.ts'

const NOW = 1_000_000
const MOST = { events: 10, acts: 6 }
const state = (served: Record<string, number>, deadLetters = 0) => ({
  served: new Map(Object.entries(served)),
  events: 0,
  oldestEventAt: undefined,
  deadLetters,
  acts: 0,
})
const ill = (served: Record<string, number>, deadLetters = 0, of = catalog) =>
  findingsOf({ catalog: of, state: state(served, deadLetters), most: MOST, now: NOW })
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

it('finds streams that are half full', () => {
  const full = { ...state({}), events: 5, acts: 3 }
  const checks = (most: { events: number | undefined; acts: number }) =>
    findingsOf({ catalog, state: full, most, now: NOW }).filter(
      ({ ok, check }) => !ok && check.endsWith('in Redis'),
    )
  expect(checks(MOST).map(({ check }) => check)).toEqual(['events in Redis', 'acts in Redis'])
  expect(checks({ events: 11, acts: 7 })).toEqual([])
  expect(checks({ events: undefined, acts: 6 }).map(({ check }) => check)).toEqual(['acts in Redis'])
})

it('says of a full stream what is behind it, with a ledger and without', () => {
  const details = (events: number | undefined) =>
    findingsOf({ catalog, state: { ...state({}), events: 5, acts: 3 }, most: { events, acts: 6 }, now: NOW })
      .filter(({ check }) => check.endsWith('in Redis'))
      .map(({ detail }) => detail)
  expect(details(10)).toEqual([
    '5 wait, 10 is the most: the ledger does not keep up, or is away',
    '3 are kept, 6 is the most: the ledger does not keep up, or is away',
  ])
  expect(details(undefined)).toEqual([
    '3 are kept, 6 is the most: the oldest go then; a ledger keeps them for good (LEDGER_SUPABASE_URL)',
  ])
})

it('finds a ledger that is ten minutes late, where there is one', () => {
  const late = (ms: number, events: number | undefined) =>
    findingsOf({
      catalog,
      state: { ...state({}), oldestEventAt: NOW - ms },
      most: { events, acts: 6 },
      now: NOW,
    })
      .filter(({ ok, check }) => !ok && check === 'ledger')
      .map(({ detail }) => detail)
  expect(late(599_999, 10)).toEqual([])
  expect(late(600_000, 10)).toEqual([
    "the oldest event waits for 600 s: look at the drain's line in the edge's log",
  ])
  expect(late(600_000, undefined)).toEqual([])
})

it('finds dead letters', () => {
  const served = { 'twohop-chat': NOW + 1, 'twohop-embed': NOW + 1, 'twohop-classify': NOW + 1 }
  expect(ill(served, 3)).toEqual(['dead letters'])
})
