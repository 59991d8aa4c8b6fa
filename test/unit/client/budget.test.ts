import { expect, it } from 'vitest'
import { readBudget } from '../../../client/budget.ts'
import { rateHeaders } from '../../../edge/access/rate-headers.ts'

/** What the edge knows of an account, in the shape from which it makes its headers. */
const allowance = {
  requests: { limit: 600, remaining: 598, resetMs: 12_000 },
  budgets: {
    minute: { limit: 60_000, used: 100, held: 900, resetMs: 12_000 },
    day: { limit: 1_000_000, used: 830_000, held: 0, resetMs: 3_600_000 },
    month: { limit: 10_000_000, used: 5_000_000, held: 5_000_001, resetMs: 86_400_000 },
  },
}

it('reads the headers that the edge writes', () => {
  expect(readBudget(new Headers(rateHeaders(allowance)))).toEqual({
    requests: { limit: 600, remaining: 598, resetSeconds: 12 },
    minute: { limit: 60_000, remaining: 59_000, resetSeconds: 12 },
    day: { limit: 1_000_000, remaining: 170_000, resetSeconds: 3600 },
    month: { limit: 10_000_000, remaining: 0, resetSeconds: 86_400 },
    reached: { day: 80, month: 50 },
  })
})

it('knows nothing where the headers are missing, or those of somebody else', () => {
  expect(readBudget(new Headers())).toBeUndefined()
  expect(readBudget(new Headers({ ratelimit: '"default";r=50;t=30' }))).toBeUndefined()
  const { ratelimit = '' } = rateHeaders(allowance)
  expect(readBudget(new Headers({ ratelimit }))).toBeUndefined()
})
