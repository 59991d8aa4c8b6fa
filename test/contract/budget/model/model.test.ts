import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Budget, Limits } from '../../../../edge/budget/port.ts'
import { describeEachRedis, events, RESERVED, type RunningRedis, settlement, user } from '../each-redis.ts'
import { expectRolledUp } from '../rolled-up.ts'
import { createModel, type Model } from './model.ts'

const LIMITS: Limits = {
  requestsPerMinute: 4,
  concurrent: 3,
  budgets: { minute: 90, day: 150, month: 220 },
  billingDay: 30,
}
const PROJECT = { day: 260, month: 400 }
const ACCOUNTS = ['firebase:ada', 'supabase:grace'] as const
/** Two days before a short month whose first day is no billing day. */
const START = Date.UTC(2027, 1, 27, 23, 58, 45)

type Real = { redis: RunningRedis; budget: Budget; met: Map<string, number> }
type Command = fc.AsyncCommand<Model, Real>

const idOf = (which: number, model: Model) => `r${which % (model.requests.size + 1)}`
const meet = ({ met }: Real, what: string) => met.set(what, (met.get(what) ?? 0) + 1)

/** A step of both, the clock gone on before; what they answered must be the same. */
const step = (
  name: string,
  advanceMs: number,
  act: (model: Model, real: Real, now: number) => Promise<void>,
): Command => ({
  check: () => true,
  run(model, real) {
    real.redis.clock.now += advanceMs
    return act(model, real, real.redis.clock.now)
  },
  toString: () => `+${advanceMs} ms ${name}`,
})

const anyAccount = fc.constantFrom(...ACCOUNTS)
const advance = fc.oneof(
  { weight: 40, arbitrary: fc.nat(3000) },
  { weight: 4, arbitrary: fc.integer({ min: 20_000, max: 90_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(3_600_000, 86_400_000) },
)

const reserve = fc
  .tuple(
    advance,
    anyAccount,
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 1, max: 40_000 }),
    fc.nat(20),
  )
  .map(([advanceMs, account, units, leaseMs, again]) =>
    step(`reserve ${units} of ${account} for ${leaseMs} ms`, advanceMs, async (model, real, now) => {
      const id = again === 0 ? idOf(units, model) : `r${model.requests.size}`
      const expected = model.reserve(id, account, units, leaseMs, now)
      meet(real, expected)
      const names = { plan: 'free', model: 'm', task: 'chat' }
      const decision = await real.budget
        .reserve({ requestId: id, spender: user(account), units, limits: LIMITS, leaseMs, ...names })
        .catch((error: { code: string }) => error)
      if ('granted' in decision && decision.granted) return expect('granted').toBe(expected)
      const window = 'window' in decision && decision.window ? ` ${decision.window}` : ''
      expect('code' in decision && `${decision.code}${window}`).toBe(expected)
    }),
  )

const settle = fc.tuple(advance, fc.nat(), fc.integer({ min: 0, max: 70 })).map(([advanceMs, which, units]) =>
  step(`settle ${units}`, advanceMs, async (model, real) => {
    const id = idOf(which, model)
    const expected = model.settle(id, units, RESERVED.units)
    meet(real, expected.crossed.length > 0 ? 'threshold' : `settled ${expected.settled}`)
    expect(await real.budget.settle(settlement(id, { units }))).toEqual(expected)
  }),
)

const sweep = fc.tuple(advance, fc.integer({ min: 1, max: 4 })).map(([advanceMs, most]) =>
  step(`sweep ${most}`, advanceMs, async (model, real, now) => {
    const expected = model.sweep(most, now)
    if (expected.charged > 0) meet(real, 'swept')
    expect(await real.budget.sweep(most)).toEqual(expected)
  }),
)

const suspend = fc
  .tuple(
    anyAccount,
    fc.nat(2).map((n) => n === 0),
  )
  .map(([account, suspended]) =>
    step(`${suspended ? 'suspend' : 'restore'} ${account}`, 0, async (model, real) => {
      model.suspend(account, suspended)
      await real.redis.records().accounts.set(account, { status: suspended ? 'suspended' : 'active' })
    }),
  )

const grant = fc
  .tuple(anyAccount, fc.integer({ min: 0, max: 80 }), fc.constantFrom(1000, 90_000, 100_000_000))
  .map(([account, units, forMs]) =>
    step(`grant ${units} to ${account} for ${forMs} ms`, 0, async (model, real, now) => {
      const expected = model.grant(account, units, now + forMs, now)
      expect(await real.redis.records().accounts.grant(account, units, now + forMs)).toEqual(expected)
    }),
  )

/** Everything that is stored, against everything that is meant. */
async function expectSame(model: Model, { redis }: Real): Promise<void> {
  const keys = await redis.command<string[]>('KEYS', 'twohop:*:[dm]*:2*')
  expect(keys.sort()).toEqual([...model.windows.keys()].sort())
  const rows = await redis.pipeline<(string | null)[]>(
    keys.map((key) => ['HMGET', key, 'used', 'held', 'extra', 'told', 'requests']),
  )
  for (const [i, key] of keys.entries()) {
    const [used, held, extra, told, requests] = (rows[i] ?? []).map(Number)
    expect({ used, held, extra, told, requests }, key).toEqual(
      (({ limit: _, ...window }) => window)(
        model.windows.get(key) as NonNullable<ReturnType<Model['windows']['get']>>,
      ),
    )
  }
  const ledger = await events(redis)
  const sum = (field: string) => ledger.reduce((total, event) => total + Number(event[field]), 0)
  expect({
    units: sum('units'),
    extra: sum('extra_units'),
    charges: ledger.filter(({ kind }) => kind === 'charge').length,
    corrections: ledger.filter(({ kind }) => kind === 'correction').length,
  }).toEqual(model.ledger)
  await expectRolledUp(redis, ledger)
  const open = [...model.requests].flatMap(([id, { state }]) => (state === 'open' ? [id] : []))
  expect((await redis.command<string[]>('ZRANGE', 'twohop:open', 0, -1)).sort()).toEqual(open.sort())
}

describeEachRedis('the budget beside its model', (redis) => {
  it('answers every command of random sequences as the model does, and stores the same', async () => {
    const met = new Map<string, number>()
    const commands = fc.commands(
      [...Array(6).fill(reserve), ...Array(4).fill(settle), sweep, suspend, grant],
      {
        maxCommands: 120,
        size: 'max',
      },
    )
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        await redis.command('FLUSHALL')
        redis.clock.now = START
        const real: Real = { redis, budget: redis.budget({ project: PROJECT, timeoutMs: 20_000 }), met }
        const model = createModel(LIMITS, PROJECT)
        await fc.asyncModelRun(() => ({ model, real }), sequence)
        await expectSame(model, real)
      }),
      { seed: 20261121, numRuns: redis.kind === 'redis-server' ? 40 : 20, endOnFailure: true },
    )
    // The runs must have met every answer that there is.
    for (const what of [
      'granted',
      'internal',
      'account_suspended',
      'rate_limited',
      'too_many_concurrent',
      'budget_exhausted month',
      'budget_exhausted day',
      'budget_minute_exhausted minute',
      'project_budget_exhausted month',
      'project_budget_exhausted day',
      'settled true',
      'settled false',
      'swept',
      'threshold',
    ])
      expect(met.get(what) ?? 0, what).toBeGreaterThan(2)
  })
})
