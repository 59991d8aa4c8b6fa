import { describe, expect, it } from 'vitest'
import { rateHeaders } from '../../../../edge/access/rate-headers.ts'

describe('RateLimit headers', () => {
  it('say from 50 per cent on how much of a budget is used', () => {
    const shown = (day: number, month: number, limit = 200) => {
      const budget = (used: number) => ({ limit, used, held: 7, resetMs: 1 })
      const requests = { limit: 1, remaining: 1, resetMs: 1 }
      const budgets = { minute: budget(199), day: budget(day), month: budget(month) }
      return rateHeaders({ requests, budgets })['x-budget-threshold']
    }
    expect(shown(99, 0)).toBeUndefined()
    expect(shown(100, 99)).toBe('day=50')
    expect(shown(159, 160)).toBe('day=50, month=80')
    expect(shown(200, 201)).toBe('day=100, month=100')
    expect(shown(0, 0, 0)).toBeUndefined()
  })

  it('state quotas, what is left and when it resets, in whole seconds, never below zero', () => {
    const budget = { limit: 100, used: 90, held: 30, resetMs: 1500 }
    const headers = rateHeaders({
      requests: { limit: 30, remaining: -1, resetMs: 20_001 },
      budgets: { minute: budget, day: { ...budget, held: 0 }, month: { ...budget, used: 0, held: 0 } },
    })
    expect(headers.ratelimit).toBe(
      '"requests";r=0;t=21, "units-minute";r=0;t=2, "units-day";r=10;t=2, "units-month";r=100;t=2',
    )
    expect(headers['ratelimit-policy']).toBe(
      '"requests";q=30;w=60, "units-minute";q=100;w=60, "units-day";q=100;w=86400, "units-month";q=100',
    )
  })
})
