import { describe, expect, it } from 'vitest'
import { rateHeaders } from '../../../../edge/access/rate-headers.ts'
import { catalog, entitleBy } from '../../../fixtures/catalog.ts'
import { principal } from '../../../fixtures/principal.ts'

const somebody = principal()
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

describe('entitlement', () => {
  const entitle = entitleBy()

  it('gives a user without a plan the default plan, and the account of its issuer, project and subject', () => {
    const { spender, plan } = entitle(somebody)
    expect(spender).toEqual({ account: 'firebase:demo:u1', issuedAt: 1_795_000_000, plan: 'free' })
    expect(plan.id).toBe('free')
  })

  it.each([
    ['account_suspended', { status: 'suspended' }, {}],
    ['anonymous_not_allowed', { anonymous: true }, {}],
    ['email_unverified', { emailVerified: false }, {}],
    ['email_unverified', { emailVerified: false, issuer: 'supabase' }, { supabaseConfirmsEmail: false }],
    ['none', { emailVerified: false, issuer: 'supabase' }, {}],
    ['plan_unknown', { plan: 'platinum' }, {}],
    ['plan_unknown', { plan: '__proto__' }, {}],
  ] as const)('answers %s to %o', (code, who, policy) => {
    const run = entitleBy(catalog, policy)
    expect(codeOf(() => run({ ...somebody, ...who }))).toBe(code)
  })

  it('gives anonymous and unverified users the plan that configuration names, not the one they claim', () => {
    const lenient = entitleBy(catalog, { anonymousPlan: 'free', unverifiedEmailPlan: 'free' })
    expect(lenient({ ...somebody, anonymous: true, plan: 'pro' }).plan.id).toBe('free')
    expect(lenient({ ...somebody, emailVerified: false, plan: 'pro' }).plan.id).toBe('free')
  })

  it('suspends anonymous users too', () => {
    const lenient = entitleBy(catalog, { anonymousPlan: 'free' })
    expect(codeOf(() => lenient({ ...somebody, anonymous: true, status: 'suspended' }))).toBe(
      'account_suspended',
    )
  })

  it('narrows the plan by the credential, never widens it', () => {
    const embedOnly = entitle({ ...somebody, scopes: ['embed', 'tasks:text-classification'] })
    expect(codeOf(() => embedOnly.requireScope('embedding'))).toBe('none')
    expect(codeOf(() => embedOnly.requireScope('chat'))).toBe('scope_missing')
    expect(codeOf(() => embedOnly.requireScope('text-classification'))).toBe('scope_missing')
  })

  it('tells a model that is not there from one that the plan lacks', () => {
    const free = entitle(somebody)
    expect(codeOf(() => free.requireModel('gpt-9', 'chat'))).toBe('model_not_found')
    expect(codeOf(() => free.requireModel('twohop-embed', 'chat'))).toBe('model_not_found')
    expect(codeOf(() => free.requireModel('twohop-classify', 'text-classification'))).toBe(
      'model_not_allowed',
    )
    expect(free.requireModel(undefined, 'chat').id).toBe('twohop-chat')
    expect(codeOf(() => free.requireModel(undefined, 'text-classification'))).toBe('model_not_found')
  })
})

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
