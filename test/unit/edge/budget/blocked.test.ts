import { describe, expect, it } from 'vitest'
import { rememberRefusals } from '../../../../edge/budget/blocked.ts'
import type {
  Allowance,
  Budget,
  Limits,
  OtherPlan,
  Refusal,
  ReserveRequest,
} from '../../../../edge/budget/port.ts'
import { TwohopError } from '../../../../shared/errors.ts'

const LIMITS: Limits = { requestsPerMinute: 5, concurrent: 2, budgets: { minute: 100, day: 200, month: 300 } }

const user = (account = 'ada') => ({ account, issuedAt: 0, plan: 'free' })
const request = ({
  account,
  ...changes
}: Partial<ReserveRequest> & { account?: string } = {}): ReserveRequest => {
  const names = { requestId: crypto.randomUUID(), model: 'm', task: 'chat', plan: 'free' }
  return { ...names, spender: user(account), units: 10, limits: LIMITS, leaseMs: 1000, ...changes }
}

function allowance(used: number, held: number): Allowance {
  const counters = (limit: number, resetMs: number) => ({ limit, used, held, resetMs })
  return {
    requests: { limit: 5, remaining: 0, resetMs: 30_000 },
    budgets: {
      minute: counters(100, 30_000),
      day: counters(200, 5_000_000),
      month: counters(300, 9_000_000),
    },
  }
}

const refusal = (changes: Partial<Refusal>): Refusal => ({
  granted: false,
  code: 'rate_limited',
  window: undefined,
  retryAfterMs: 30_000,
  allowance: allowance(0, 0),
  ...changes,
})

/** A memory before a store that refuses all with `answer`, on a set clock; `asked` counts round trips. */
function remembering(answer: Refusal | OtherPlan, capacity = 10) {
  const clock = { now: 1_000_000 }
  const asked = { reserve: 0, usage: 0 }
  const store: Budget = {
    reserve: async () => {
      asked.reserve++
      return answer
    },
    settle: async () => ({ settled: true, crossed: [] }),
    sweep: async () => ({ charged: 3, crossed: [] }),
    plan: async () => 'pro',
    usage: async () => {
      asked.usage++
      throw new TwohopError('rate_limited', 'Too many reads.', { retryAfterMs: 20_000 })
    },
  }
  return { clock, asked, budget: rememberRefusals(store, { now: () => clock.now, capacity }) }
}

describe('rememberRefusals', () => {
  it('refuses a rate-limited account by itself for a second, with the time that has passed', async () => {
    const { budget, clock, asked } = remembering(refusal({}))
    await budget.reserve(request())
    clock.now += 999
    expect(await budget.reserve(request())).toEqual(
      refusal({
        retryAfterMs: 29_001,
        allowance: {
          requests: { limit: 5, remaining: 0, resetMs: 29_001 },
          budgets: {
            minute: { limit: 100, used: 0, held: 0, resetMs: 29_001 },
            day: { limit: 200, used: 0, held: 0, resetMs: 4_999_001 },
            month: { limit: 300, used: 0, held: 0, resetMs: 8_999_001 },
          },
        },
      }),
    )
    expect(asked.reserve).toBe(1)
    clock.now += 1
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  it('refuses until the window ends where that is sooner', async () => {
    const ending = { ...allowance(0, 0), requests: { limit: 5, remaining: 0, resetMs: 300 } }
    const { budget, clock, asked } = remembering(refusal({ retryAfterMs: 300, allowance: ending }))
    await budget.reserve(request())
    clock.now += 299
    await budget.reserve(request())
    expect(asked.reserve).toBe(1)
    clock.now += 1
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  const spentDay = refusal({
    code: 'budget_exhausted',
    window: 'day',
    retryAfterMs: 5_000_000,
    allowance: allowance(200, 0),
  })

  it('remembers a spent budget, for a second at most', async () => {
    const { budget, clock, asked } = remembering(spentDay)
    await budget.reserve(request())
    clock.now += 999
    expect(await budget.reserve(request({ units: 1 }))).toMatchObject({
      code: 'budget_exhausted',
      window: 'day',
    })
    expect(asked.reserve).toBe(1)
    clock.now += 1
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  it('remembers a spent minute for a second, and says how long is left', async () => {
    const spent = refusal({
      code: 'budget_minute_exhausted',
      window: 'minute',
      allowance: allowance(100, 0),
    })
    const { budget, clock, asked } = remembering(spent)
    await budget.reserve(request())
    clock.now += 600
    expect(await budget.reserve(request())).toMatchObject({
      code: 'budget_minute_exhausted',
      retryAfterMs: 29_400,
    })
    expect(asked.reserve).toBe(1)
    clock.now += 400
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  it('forgets when it is told to, as a grant may have lifted the refusal', async () => {
    const { budget, asked } = remembering(spentDay)
    await budget.reserve(request())
    budget.forget()
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  it('remembers nothing that was decided before it was told to forget', async () => {
    const { budget, asked } = remembering(spentDay)
    const before = budget.reserve(request())
    budget.forget()
    await before
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  it.each<[string, Partial<Refusal>]>([
    ['a budget with a unit left', { code: 'budget_exhausted', window: 'day', allowance: allowance(199, 0) }],
    [
      'a budget that is held, not spent',
      { code: 'budget_exhausted', window: 'day', allowance: allowance(199, 1) },
    ],
    [
      "the project's budget",
      { code: 'project_budget_exhausted', window: 'day', allowance: allowance(200, 0) },
    ],
    [
      'a budget that a grant adds to',
      { code: 'budget_exhausted', window: 'day', allowance: allowance(150, 50) },
    ],
    ['a revoked token', { code: 'token_revoked', allowance: undefined, retryAfterMs: undefined }],
    ['concurrency', { code: 'too_many_concurrent', retryAfterMs: 1000 }],
    ['suspension', { code: 'account_suspended', allowance: undefined, retryAfterMs: undefined }],
  ])('does not remember %s', async (_name, changes) => {
    const { budget, asked } = remembering(refusal(changes))
    await budget.reserve(request())
    await budget.reserve(request())
    expect(asked.reserve).toBe(2)
  })

  it.each<[string, Partial<Refusal>, number]>([
    ['has no budget left', { code: 'budget_exhausted', window: 'day', allowance: allowance(200, 0) }, 2],
    ['has no request left, as which an answer counts', {}, 1],
  ])('and an idempotency key of an account that %s', async (_, changes, trips) => {
    const { budget, asked } = remembering(refusal(changes))
    await budget.reserve(request())
    await budget.reserve(request({ idempotency: { id: 'id1', body: 'b1' } }))
    expect(asked.reserve).toBe(trips)
    await budget.reserve(request())
    expect(asked.reserve).toBe(trips)
  })

  it('does not remember that the account has another plan', async () => {
    const { budget, asked } = remembering({ granted: false, code: 'plan_is', plan: 'pro' })
    for (let i = 0; i < 2; i++)
      expect(await budget.reserve(request())).toEqual({ granted: false, code: 'plan_is', plan: 'pro' })
    expect(asked.reserve).toBe(2)
  })

  it('asks again for an API key with another secret', async () => {
    const { budget, asked } = remembering(refusal({}))
    const spender = (secretHash: string) => ({ key: 'k1', secretHash, scope: 'chat', plan: 'free' })
    for (const secret of ['a', 'a', 'b']) await budget.reserve(request({ spender: spender(secret) }))
    expect(asked.reserve).toBe(2)
  })

  it('asks again for a caller with higher limits, and for another account', async () => {
    const { budget, asked } = remembering(refusal({}))
    await budget.reserve(request())
    await budget.reserve(request({ limits: { ...LIMITS, requestsPerMinute: 6 } }))
    await budget.reserve(request({ account: 'grace' }))
    expect(asked.reserve).toBe(3)
  })

  it('asks for what costs nothing, which fits into a spent budget', async () => {
    const answer = refusal({ code: 'budget_exhausted', window: 'day', allowance: allowance(200, 0) })
    const { budget, asked } = remembering(answer)
    await budget.reserve(request())
    await budget.reserve(request({ units: 0 }))
    expect(asked.reserve).toBe(2)
  })

  it('asks where an answer of before may cost nothing; where it costs a share, what is spent is spent', async () => {
    const answer = refusal({ code: 'budget_exhausted', window: 'day', allowance: allowance(200, 0) })
    const { budget, asked } = remembering(answer)
    const cache = { name: 'n', share: 10, forAll: false, lifeMs: 1000 }
    await budget.reserve(request())
    await budget.reserve(request({ cache }))
    expect(asked.reserve).toBe(1)
    await budget.reserve(request({ cache: { ...cache, share: 0 } }))
    expect(asked.reserve).toBe(2)
  })

  it('asks again when the exhausted budget was raised', async () => {
    const spent = refusal({ code: 'budget_exhausted', window: 'day', allowance: allowance(200, 0) })
    const { budget, asked } = remembering(spent)
    await budget.reserve(request())
    await budget.reserve(request({ limits: { ...LIMITS, budgets: { ...LIMITS.budgets, month: 900 } } }))
    expect(asked.reserve).toBe(1)
    await budget.reserve(request({ limits: { ...LIMITS, budgets: { ...LIMITS.budgets, day: 201 } } }))
    expect(asked.reserve).toBe(2)
  })

  it('forgets the oldest account when it is full', async () => {
    const { budget, asked } = remembering(refusal({}), 2)
    for (const account of ['a', 'b', 'c']) await budget.reserve(request({ account }))
    await budget.reserve(request({ account: 'c' }))
    await budget.reserve(request({ account: 'b' }))
    expect(asked.reserve).toBe(3)
    await budget.reserve(request({ account: 'a' }))
    expect(asked.reserve).toBe(4)
  })

  it('remembers who read usage too often', async () => {
    const { budget, clock, asked } = remembering(refusal({}))
    const read = () => budget.usage(user(), 'free', LIMITS)
    await expect(read()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 20_000 })
    clock.now += 5000
    await expect(read()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 15_000 })
    expect(asked.usage).toBe(1)
    clock.now += 15_000
    await expect(read()).rejects.toMatchObject({ code: 'rate_limited' })
    expect(asked.usage).toBe(2)
  })

  it('passes settlements and sweeps on', async () => {
    const { budget } = remembering(refusal({}))
    const reserved = { account: 'ada', units: 0, plan: 'free', model: 'm', task: 'chat', key: '' }
    const none = { units: 0, promptTokens: 0, outputTokens: 0, computeMs: 0 }
    expect(await budget.settle({ requestId: 'r', reserved, ...none, outcome: 'ok' })).toMatchObject({
      settled: true,
    })
    expect(await budget.sweep(5)).toMatchObject({ charged: 3 })
    expect(await budget.plan(user())).toBe('pro')
  })
})
