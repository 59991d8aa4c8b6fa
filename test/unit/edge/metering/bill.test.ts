import { expect, it } from 'vitest'
import type { Settlement } from '../../../../edge/budget/port.ts'
import { createBills } from '../../../../edge/metering/bill.ts'
import { reservationOf } from '../../../../edge/metering/reservation.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { readLog } from '../../../fixtures/log.ts'
import { chat, work } from '../../../fixtures/metered.ts'
import { unasked } from '../../../fixtures/unasked.ts'

const PAYER = { account: 'ada', version: undefined }
const USED = { promptTokens: 10, outputTokens: 5, computeMs: 700 }
const CACHE = { key: 'c1', seconds: 60, share: 50 } as never

/** A bill of a request whose units are tokens, 1 of a prompt and 4 of an answer; and what was settled by it. */
function billed({ keep = async () => 'sealed' }: { keep?: () => Promise<string> } = {}) {
  const settled: Settlement[] = []
  const notified: unknown[] = []
  let ms = 1000
  const { log, lines } = readLog()
  const billOf = createBills({
    budget: {
      settle: async (settlement) => {
        settled.push(settlement)
        return { settled: true, crossed: [{ window: 'day' } as never] }
      },
    },
    answers: unasked,
    cache: { keep },
    now: () => ms,
    notify: async (crossed) => void notified.push(...crossed),
    log,
  })
  const asked = work({ model: { ...chat, tries: 2, prices: { prompt: 1, output: 4, compute_second: 0 } } })
  const moment = {
    requestId: 'r1',
    version: undefined,
    idempotency: undefined,
    watched: undefined,
    cache: CACHE,
  }
  const ada = { ...entitledTo('free'), spender: { account: 'ada', issuedAt: 0, plan: 'free' } }
  const request = reservationOf(moment, ada, asked, { requestTimeoutMs: 60_000, leaseSlackMs: 0 })
  const bill = billOf(request, asked, 0)
  return { bill, settled, notified, lines, pass: (more: number) => (ms += more) }
}

it('charges what was used, says how long it took, and tells of what was crossed', async () => {
  const { bill, settled, notified, pass } = billed()
  bill.first(pass(200))
  pass(300)
  await bill.settle(PAYER, 'failed', USED)
  expect(settled).toMatchObject([
    { requestId: 'r1', outcome: 'failed', units: 30, promptTokens: 10, outputTokens: 5, computeMs: 700 },
  ])
  expect(settled[0]?.measured).toEqual({ totalMs: 500, firstMs: 200 })
  expect(notified).toEqual([{ window: 'day' }])
})

it.each([
  ['as its host says, within what was held for it', { promptTokens: 50, outputTokens: 2, computeMs: 3 }, 58],
  ['as held, where its host says more', { promptTokens: 51, outputTokens: 2, computeMs: 3 }, 130],
])('charges a lost try %s', async (_, lost, units) => {
  const { bill, settled } = billed()
  bill.loseTry(Promise.resolve(lost))
  await bill.settle(PAYER, 'ok', USED)
  expect(settled).toMatchObject([{ units: 30 + units }])
})

it('charges nothing for a lost try of which nobody knows anything', async () => {
  const { bill, settled } = billed()
  bill.loseTry(Promise.reject(new Error('away')))
  await bill.settle(PAYER, 'ok', USED)
  expect(settled).toMatchObject([{ units: 30, promptTokens: 10 }])
})

it('charges each call to a classifier once, by what was said of it last', async () => {
  const { bill, settled } = billed()
  bill.chargeJudge(5, 'request')
  bill.chargeJudge(3, 'answer')
  bill.chargeJudge(7, 'answer')
  await bill.settle(PAYER, 'ok', USED)
  expect(settled).toMatchObject([{ units: 30 + 5 + 7 }])
})

it('keeps a whole answer for whoever asks the same, and charges where that fails', async () => {
  const answer = { status: 200 } as never
  const { bill, settled } = billed()
  await bill.settle(PAYER, 'ok', USED, answer)
  expect(settled[0]?.cache).toEqual({ request: CACHE, answer: 'sealed' })
  const failing = billed({ keep: () => Promise.reject(new Error('no')) })
  await failing.bill.settle(PAYER, 'ok', USED, answer)
  expect(failing.settled).toMatchObject([{ units: 30, cache: undefined }])
  expect(failing.lines.map(({ event }) => event)).toEqual(['answer_not_kept'])
  const broken = billed()
  await broken.bill.settle(PAYER, 'failed', USED, answer)
  expect(broken.settled[0]?.cache).toBeUndefined()
})
