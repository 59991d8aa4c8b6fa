import { expect, it } from 'vitest'
import type { Reservation, ReserveRequest, Settlement } from '../../../../edge/budget/port.ts'
import { createGiveAgain } from '../../../../edge/metering/give-again.ts'
import { limitsOf } from '../../../../edge/metering/reservation.ts'
import { planOf } from '../../../fixtures/catalog.ts'
import { readLog } from '../../../fixtures/log.ts'
import { allowance } from '../../../fixtures/metered.ts'

const CACHE = { name: 'n', share: 10, forAll: false, lifeMs: 1000 }
const DECISION: Reservation = {
  granted: true,
  account: 'ada',
  allowance,
  cached: { answer: 'sealed', units: 9 },
}
const REQUEST: ReserveRequest = {
  requestId: 'r1',
  spender: { account: 'ada', issuedAt: 0, plan: 'free' },
  units: 85,
  plan: 'free',
  limits: limitsOf(planOf('free')),
  leaseMs: 1000,
  model: 'twohop-chat',
  version: 'a',
  task: 'chat',
}

/** What is given and charged where the store has found an answer, which can be read or not. */
async function given(readable: boolean, settle = async () => ({ settled: true, crossed: [] })) {
  const settled: Settlement[] = []
  const background: Promise<unknown>[] = []
  const { log, lines } = readLog()
  const giveAgain = createGiveAgain({
    budget: {
      reserve: () => expect.fail('it is reserved'),
      settle: async (settlement) => {
        settled.push(settlement)
        return settle()
      },
      sweep: () => expect.fail('nobody sweeps'),
      plan: () => expect.fail('nobody asks for the plan'),
      usage: () => expect.fail('nobody asks for usage'),
    },
    cache: {
      request: () => expect.fail('it was asked for before'),
      keep: () => expect.fail('it is kept already'),
      answer: async () => (readable ? new Response('{"a":1}') : undefined),
    },
    notify: async () => {},
    log,
  })
  const found = { request: REQUEST, cache: CACHE, decision: DECISION }
  const result = await giveAgain({ ...found, background: (task) => void background.push(task) }).catch(
    (error: unknown) => String(Object(error).code),
  )
  await Promise.all(background)
  return { result, settled, events: lines.map(({ event }) => event) }
}

it('gives the answer for the share that was held, and nothing is computed', async () => {
  const { result, settled } = await given(true)
  if (typeof result === 'string') expect.fail(result)
  expect(await result.answer.json()).toEqual({ a: 1 })
  expect(result).toMatchObject({ account: 'ada', version: 'a', allowance })
  expect(settled).toMatchObject([
    {
      ...{ requestId: 'r1', units: 9, promptTokens: 0, outputTokens: 0, computeMs: 0, outcome: 'ok' },
      reserved: { account: 'ada', units: 9, plan: 'free', model: 'twohop-chat', version: 'a', key: '' },
    },
  ])
})

it('charges nothing for an answer that cannot be read', async () => {
  const { result, settled } = await given(false)
  expect(result).toBe('internal')
  expect(settled).toMatchObject([{ requestId: 'r1', units: 0, outcome: 'failed', reserved: { units: 9 } }])
})

it('gives the answer although it cannot be charged: the sweep charges what is held', async () => {
  const { result, events } = await given(true, async () => {
    throw new Error('the store is away')
  })
  expect(result).toMatchObject({ account: 'ada' })
  expect(events).toEqual(['settlement_failed'])
})
