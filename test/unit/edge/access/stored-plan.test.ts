import { describe, expect, it } from 'vitest'
import { PlanRefused } from '../../../../edge/access/plan-refused.ts'
import { createStoredPlan, OtherPlanError } from '../../../../edge/access/stored-plan.ts'
import type { Principal } from '../../../../edge/identity/principal.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { entitleBy } from '../../../fixtures/catalog.ts'
import { principal as anyPrincipal } from '../../../fixtures/principal.ts'

const principal = (changes: Partial<Principal> = {}) => anyPrincipal({ issuedAt: 7, ...changes })

/** A store that names `plan` for every account, and how often it was asked for it by itself or by a reservation. */
function store(plan: string | undefined, capacity = 10) {
  const state = { plan, asked: 0, reserved: 0, now: 1000 }
  const { storedEntitlement, withStoredPlan } = createStoredPlan({
    entitle: entitleBy(),
    planOf: async (payer) => {
      expect(payer).toMatchObject({ issuedAt: 7 })
      state.asked++
      return state.plan
    },
    now: () => state.now,
    capacity,
  })
  /** A request of `who` for a task, which reserves as the script does. */
  const request = (who = principal(), task: 'chat' | 'text-classification' = 'chat') =>
    withStoredPlan(who, async ({ plan: assumed, spender, requireScope }) => {
      requireScope(task)
      state.reserved++
      const right = state.plan ?? spender.plan
      if (right !== assumed.id) throw new OtherPlanError(right)
      return assumed.id
    })
  return { state, request, storedEntitlement }
}

describe('the plan that the store names', () => {
  it("is the token's where the account has no other, in one try", async () => {
    const { state, request } = store(undefined)
    expect(await request()).toBe('free')
    expect(await request(principal({ subject: 'u2', plan: 'pro' }))).toBe('pro')
    expect(state).toMatchObject({ asked: 0, reserved: 2 })
  })

  it('is learnt from the reservation, and assumed from then on', async () => {
    const { state, request } = store('pro')
    expect(await request()).toBe('pro')
    expect(state).toMatchObject({ asked: 0, reserved: 2 })
    expect(await request()).toBe('pro')
    expect(state).toMatchObject({ asked: 0, reserved: 3 })
    state.now += 10_000
    expect(await request()).toBe('pro')
    expect(state).toMatchObject({ asked: 0, reserved: 5 })
  })

  it('replaces one that is assumed wrongly, at once', async () => {
    const { state, request } = store('pro')
    await request()
    state.plan = undefined
    expect(await request()).toBe('free')
    expect(state).toMatchObject({ asked: 0, reserved: 4 })
  })

  it("is asked for before each refusal for the plan's sake, so that what is remembered never refuses", async () => {
    const { state, request } = store('pro')
    expect(await request(principal(), 'text-classification')).toBe('pro')
    expect(state).toMatchObject({ asked: 1, reserved: 1 })
    const poor = store(undefined)
    for (let i = 0; i < 3; i++)
      await expect(poor.request(principal(), 'text-classification')).rejects.toMatchObject({
        code: 'scope_missing',
      })
    expect(poor.state).toMatchObject({ asked: 3, reserved: 0 })
    poor.state.plan = 'pro'
    expect(await poor.request(principal(), 'text-classification')).toBe('pro')
    expect(poor.state).toMatchObject({ asked: 4, reserved: 1 })
  })

  it('saves a token whose plan is not offered, and is refused itself when it is not', async () => {
    expect(await store('pro').request(principal({ plan: 'gone' }))).toBe('pro')
    await expect(store('gone').request()).rejects.toMatchObject({ code: 'plan_unknown' })
    await expect(store(undefined).request(principal({ plan: 'gone' }))).rejects.toMatchObject({
      code: 'plan_unknown',
    })
  })

  it('of a token whose plan is retired does not refuse the next token', async () => {
    const { state, request } = store(undefined)
    expect(await request(principal({ plan: 'pro' }))).toBe('pro')
    await expect(request(principal({ plan: 'gone' }))).rejects.toMatchObject({ code: 'plan_unknown' })
    expect(await request(principal({ plan: 'pro' }))).toBe('pro')
    expect(await request(principal())).toBe('free')
    expect(state).toMatchObject({ reserved: 3 })
  })

  it('of a token is no plan of the account: a token with another costs no round trip more', async () => {
    const { state, request } = store(undefined)
    await request(principal())
    expect(await request(principal({ plan: 'pro' }))).toBe('pro')
    expect(state).toMatchObject({ asked: 0, reserved: 2 })
  })

  it('is not asked for before a refusal that no plan could lift', async () => {
    const { state, request } = store('pro')
    await expect(request(principal({ scopes: ['embed'] }))).rejects.toMatchObject({ code: 'scope_missing' })
    expect(state).toMatchObject({ asked: 0, reserved: 0 })
  })

  it('comes with the news that the account may do nothing', async () => {
    const suspended = new TwohopError('account_suspended', 'suspended')
    let isSuspended = false
    const { withStoredPlan, storedEntitlement } = createStoredPlan({
      entitle: entitleBy(),
      planOf: async () => {
        if (isSuspended) throw suspended
        return undefined
      },
      now: () => 0,
    })
    const bad = () =>
      withStoredPlan(principal(), async () => {
        throw new PlanRefused('invalid_request', 'too many')
      })
    await expect(bad()).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await storedEntitlement(principal())).plan.id).toBe('free')
    isSuspended = true
    await expect(bad()).rejects.toBe(suspended)
    await expect(storedEntitlement(principal())).rejects.toBe(suspended)
  })

  it.each<[string, Partial<Principal>]>([
    ['account_suspended', { status: 'suspended' }],
    ['anonymous_not_allowed', { anonymous: true }],
    ['email_unverified', { emailVerified: false }],
  ])('does not lift %s, which costs no round trip', async (code, who) => {
    const { state, request } = store('pro')
    await expect(request(principal(who))).rejects.toMatchObject({ code })
    expect(state).toMatchObject({ asked: 0, reserved: 0 })
  })

  it('that changes between two tries is no third try', async () => {
    const { withStoredPlan } = createStoredPlan({
      entitle: entitleBy(),
      planOf: async () => undefined,
      now: () => 0,
    })
    let tries = 0
    const flipping = withStoredPlan(principal(), async ({ plan }) => {
      tries++
      throw new OtherPlanError(plan.id === 'free' ? 'pro' : 'free')
    })
    await expect(flipping).rejects.toBeInstanceOf(OtherPlanError)
    expect(tries).toBe(2)
  })

  it('fails closed when the store is away', async () => {
    const away = new TwohopError('store_unavailable', 'away')
    const { withStoredPlan, storedEntitlement } = createStoredPlan({
      entitle: entitleBy(),
      planOf: () => Promise.reject(away),
      now: () => 0,
    })
    const refused = withStoredPlan(principal(), async ({ requireScope }) =>
      requireScope('text-classification'),
    )
    await expect(refused).rejects.toBe(away)
    await expect(storedEntitlement(principal())).rejects.toBe(away)
  })

  it('is what lists go by, in one round trip each', async () => {
    const { state, storedEntitlement } = store('pro')
    expect((await storedEntitlement(principal())).plan.id).toBe('pro')
    state.plan = 'free'
    expect((await storedEntitlement(principal())).plan.id).toBe('free')
    expect(state.asked).toBe(2)
  })

  it('is forgotten for the oldest account when the memory is full', async () => {
    const { state, request } = store('pro', 2)
    for (const subject of ['a', 'b', 'c']) await request(principal({ subject }))
    expect(state.reserved).toBe(6)
    await request(principal({ subject: 'c' }))
    await request(principal({ subject: 'b' }))
    expect(state.reserved).toBe(8)
    await request(principal({ subject: 'a' }))
    expect(state.reserved).toBe(10)
  })
})
