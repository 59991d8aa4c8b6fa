import type { Catalog, Plan } from '../../shared/catalog.ts'

/** The default catalog with plans that bring each limit within a test's reach. */
export function testCatalog(catalog: Catalog): Catalog {
  const pro = catalog.plans.find((plan) => plan.id === 'pro')
  if (!pro) throw new Error('the default catalog has no plan called pro')
  const like = (
    id: string,
    limits: Partial<Plan['limits']>,
    budgets: Partial<Plan['budgets']> = {},
  ): Plan => ({
    ...pro,
    id,
    limits: { ...pro.limits, requests_per_minute: 100_000, concurrent: 1000, ...limits },
    budgets: { ...pro.budgets, ...budgets },
  })
  return {
    ...catalog,
    plans: [
      ...catalog.plans,
      like('roomy', {}),
      like('two-a-minute', { requests_per_minute: 2 }),
      like('one-at-a-time', { concurrent: 1 }),
      like('seven', {}, { minute: SEVEN_UNITS, day: SEVEN_UNITS, month: SEVEN_UNITS }),
      { ...like('few-models', {}), models: pro.models.slice(0, 1) },
      { ...like('no-jobs', {}), scopes: pro.scopes.filter((scope) => scope !== 'jobs') },
    ],
  }
}

/** Set by the test of seven: what seven worst cases of its request cost, and not a unit more. */
export const SEVEN_UNITS = 7 * 1000
