import { describe, expect, it } from 'vitest'
import {
  chargedOf,
  decisionOf,
  saidBeforeOf,
  usageOf,
  wholeNumber,
} from '../../../../edge/budget/allowance.ts'

const LIMITS = { requestsPerMinute: 5, concurrent: 2, budgets: { minute: 100, day: 200, month: 300 } }
/** Limit, used, held and milliseconds to the reset of minute, day and month. */
const COUNTERS = [100, 1, 2, 3000, 200, 4, 5, 6000, 300, 7, 8, 9000]
const reply = (code: string, ...rest: unknown[]) => [code, 'firebase:demo:u1', 1, 3, ...COUNTERS, ...rest]
const decide = (answer: unknown, units = 10) => decisionOf(answer, LIMITS, units)

const allowance = {
  requests: { limit: 5, remaining: 2, resetMs: 3000 },
  budgets: {
    minute: { limit: 100, used: 1, held: 2, resetMs: 3000 },
    day: { limit: 200, used: 4, held: 5, resetMs: 6000 },
    month: { limit: 300, used: 7, held: 8, resetMs: 9000 },
  },
}

describe('what the store replies to a reservation', () => {
  it('grants, for the account that it names', () => {
    expect(decide(reply('granted'))).toEqual({ granted: true, account: 'firebase:demo:u1', allowance })
  })

  it.each([
    ['rate_limited', undefined, 3000],
    ['too_many_concurrent', undefined, 1000],
    ['too_many_jobs', undefined, 10_000],
  ])('%s says when to come again', (code, window, retryAfterMs) => {
    expect(decide(reply(code))).toEqual({ granted: false, code, window, retryAfterMs, allowance })
  })

  it.each([
    ['a minute that is used up', 1, 100, 'budget_minute_exhausted', 'minute', 3000],
    ['more than a minute ever has', 1, 101, 'budget_exhausted', 'minute', undefined],
    ['a day', 2, 100, 'budget_exhausted', 'day', 6000],
    ['a day, of more than a minute ever has', 2, 101, 'budget_exhausted', 'day', undefined],
    ['a month', 3, 100, 'budget_exhausted', 'month', 9000],
  ])('of %s has its code, the window and its end', (_, number, units, code, window, retryAfterMs) => {
    expect(decide(reply('budget_exhausted', number), units)).toEqual({
      granted: false,
      code,
      window,
      retryAfterMs,
      allowance,
    })
  })

  it('of a minute does not mind that a grant is what the day has', () => {
    const granted = { ...LIMITS, budgets: { minute: 100, day: 20, month: 20 } }
    expect(decisionOf(reply('budget_exhausted', 1), granted, 50)).toMatchObject({
      code: 'budget_minute_exhausted',
      retryAfterMs: 3000,
    })
  })

  it('project_budget_exhausted comes with its own end', () => {
    expect(decide(reply('project_budget_exhausted', 3, 77))).toMatchObject({
      window: 'month',
      retryAfterMs: 77,
    })
  })

  it('says that it is another plan, that the spender is barred, or what was said before', () => {
    expect(decide(['plan_is', 'pro'])).toEqual({ granted: false, code: 'plan_is', plan: 'pro' })
    expect(decide(['account_suspended'])).toMatchObject({ granted: false, code: 'account_suspended' })
    expect(decide(['id_used'])).toBe('id_used')
    expect(saidBeforeOf(['answered', 'text'])).toEqual({ granted: false, code: 'answered', answer: 'text' })
    expect(saidBeforeOf(['idempotency_in_progress'])).toMatchObject({ code: 'idempotency_in_progress' })
    expect(saidBeforeOf(reply('granted'))).toBeUndefined()
  })

  it('never counts fewer than no requests as left', () => {
    const [code, account, running, , ...rest] = reply('granted')
    expect(decide([code, account, running, 9, ...rest])).toMatchObject({
      allowance: { requests: { remaining: 0 } },
    })
  })

  it('takes a limit that a grant has lifted beyond what can be counted', () => {
    const [code, account, running, requests, , ...rest] = reply('granted')
    expect(decide([code, account, running, requests, 2 ** 60, ...rest])).toMatchObject({
      allowance: { budgets: { minute: { limit: Number.MAX_SAFE_INTEGER } } },
    })
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'granted'],
    ['no code', []],
    ['a code that there is not', reply('sure')],
    ['no account', ['granted', '', 1, 3, ...COUNTERS]],
    ['counters that are left out', reply('granted').slice(0, -1)],
    ['a counter that is a text', ['granted', 'a', 1, 3, 100, '1', ...COUNTERS.slice(2)]],
    ['no window', reply('budget_exhausted', 4)],
  ])('of %s is taken for no admission', (_, odd) => {
    expect(() => decide(odd)).toThrow(TypeError)
  })
})

describe('what it replies besides', () => {
  it('reads usage, and nothing else as usage', () => {
    expect(usageOf(reply('usage'), LIMITS)).toEqual({
      account: 'firebase:demo:u1',
      allowance,
      concurrent: { limit: 2, running: 1 },
    })
    expect(usageOf(['plan_is', 'pro'], LIMITS)).toMatchObject({ code: 'plan_is' })
    expect(() => usageOf(reply('granted'), LIMITS)).toThrow(TypeError)
  })

  it('reads how many were charged and what that crossed; the project has no account', () => {
    const crossing = ['', 'day', '2026-11-21', 80, 161, 200]
    expect(chargedOf([2, crossing])).toEqual({
      count: 2,
      crossed: [
        { account: undefined, window: 'day', period: '2026-11-21', percent: 80, used: 161, limit: 200 },
      ],
    })
    for (const odd of [{}, [1.5], [1, ['', 'minute', '', 80, 1, 2]], [1, ['', 'day', '', 81, 1, 2]]])
      expect(() => chargedOf(odd)).toThrow(TypeError)
  })

  it('counts in whole numbers only', () => {
    expect(wholeNumber(7)).toBe(7)
    for (const odd of ['7', 7.5, 2 ** 53, Number.NaN, null]) expect(() => wholeNumber(odd)).toThrow(TypeError)
  })
})
