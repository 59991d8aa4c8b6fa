import { type Catalog, Guards, type Plan } from '../../shared/catalog.ts'
import { planLike, planOf } from '../fixtures/catalog.ts'

/** The catalog of a stack with plans that bring each limit within a test's reach. */
export function testCatalog(catalog: Catalog): Catalog {
  const pro = planOf('pro', catalog)
  const like = (id: string, limits: Partial<Plan['limits']>, budgets: Partial<Plan['budgets']> = {}) =>
    planLike(pro, id, { limits: { requests_per_minute: 100_000, concurrent: 1000, ...limits }, budgets })
  return {
    ...catalog,
    plans: [
      ...catalog.plans,
      like('roomy', {}),
      { ...like('guarded', {}), guards: GUARDS },
      {
        ...like('judged', {}),
        guards: Guards.parse({ injection: { model: 'twohop-classify', in: 'block' } }),
      },
      {
        ...like('answers-judged', {}),
        // Whatever it says of an answer is too much.
        guards: Guards.parse({
          judge: { model: 'twohop-classify', label: 'INJECTION', threshold: 0, out: 'block' },
        }),
      },
      // Ten answers that are as long as they may, of somebody new, are odd here.
      { ...like('watched', {}), abuse: { action: 'challenge', at: 20 } },
      like('two-a-minute', { requests_per_minute: 2 }),
      like('one-at-a-time', { concurrent: 1 }),
      like('seven', {}, { minute: SEVEN_UNITS, day: SEVEN_UNITS, month: SEVEN_UNITS }),
      like('seven-a-minute', {}, { minute: SEVEN_UNITS }),
      { ...like('few-models', {}), models: pro.models.slice(0, 1) },
      { ...like('no-jobs', {}), scopes: pro.scopes.filter((scope) => scope !== 'jobs') },
    ],
  }
}

/** What the plan `guarded` looks for: in answers the words with which the chat model tells of itself. */
const GUARDS = Guards.parse({
  pii: { in: 'block' },
  blocklist: { words: ['an AI model'], out: 'block' },
})

/** Set by the test of seven: what seven worst cases of its request cost, and not a unit more. */
export const SEVEN_UNITS = 7 * 1000
