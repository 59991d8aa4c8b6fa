import { expect, it } from 'vitest'
import { computeMsHeld, limitsOf, reservationOf } from '../../../../edge/metering/reservation.ts'
import { planOf } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { chat, work } from '../../../fixtures/metered.ts'

const TIMES = { requestTimeoutMs: 60_000, leaseSlackMs: 5000 }
const MOMENT = {
  requestId: 'r1',
  version: undefined,
  idempotency: undefined,
  watched: undefined,
  cache: undefined,
}
const PRICES = { prompt: 1, output: 4, compute_second: 0 }
const ada = { ...entitledTo('free'), spender: { account: 'ada', issuedAt: 0, plan: 'free' } }

const unitsFor = (changes: object, timed = PRICES) =>
  reservationOf(MOMENT, ada, work({ model: { ...chat, prices: timed, ...changes } }), TIMES).units

it('holds the worst case, for as long as it may run and the slack', () => {
  const model = { ...chat, prices: PRICES }
  expect(reservationOf(MOMENT, ada, work({ model }), TIMES)).toEqual({
    ...MOMENT,
    spender: ada.spender,
    units: 50 + 4 * 20,
    plan: 'free',
    limits: limitsOf(planOf('free')),
    leaseMs: 65_000,
    model: chat.id,
    task: 'chat',
  })
})

it('holds each further try, and compute time where it has a price', () => {
  expect(unitsFor({ tries: 3 })).toBe(3 * 130)
  expect(unitsFor({}, { ...PRICES, compute_second: 10 })).toBe(130 + 10 * 60)
  expect(computeMsHeld({ model: { ...chat, prices: PRICES } }, 60_000)).toBe(0)
})

it('holds what judging the request and its answer may cost, and lives longer where the request is judged', () => {
  const judge = { ...chat, context: 100, prices: { prompt: 2, output: 0, compute_second: 0 } }
  const judged = { work: work({ model: judge }), policy: undefined } as never
  const asked = work({ model: { ...chat, prices: PRICES }, judged })
  const both = reservationOf(MOMENT, ada, asked, TIMES)
  expect([both.units, both.leaseMs]).toEqual([130 + 2 * 50, 75_000])
  const answerJudged = { model: judge, pieces: 3 } as never
  const answered = work({ model: { ...chat, prices: PRICES }, answerJudged })
  expect(reservationOf(MOMENT, ada, answered, TIMES).units).toBe(130 + 2 * 3 * 100)
})

it('tells the store which scope an API key needs, which only its record has', () => {
  const key = { key: 'k1', secretHash: 'h', scope: '', plan: 'free' }
  const { spender } = reservationOf(MOMENT, { ...entitledTo('free'), spender: key }, work(), TIMES)
  expect(spender).toMatchObject({ key: 'k1', scope: 'chat' })
})
