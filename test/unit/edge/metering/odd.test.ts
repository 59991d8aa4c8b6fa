import { expect, it } from 'vitest'
import type { Payer, Refusal, Reservation, Spender } from '../../../../edge/budget/port.ts'
import { createHold } from '../../../../edge/metering/hold.ts'
import type { WebhookEvent } from '../../../../edge/notify/webhook.ts'
import type { Plan } from '../../../../shared/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { GRANTED, handBudget } from '../../../fixtures/hand-budget.ts'
import { readLog } from '../../../fixtures/log.ts'
import { work } from '../../../fixtures/metered.ts'
import { unasked } from '../../../fixtures/unasked.ts'

const TOKEN: Payer = { account: 'ada', issuedAt: 0 }
const KEY: Payer = { key: 'k1', secretHash: 'h', scope: '' }
const anomaly = { score: 55, why: 'rate=30 country=25' }
const stopped = (code: 'account_suspended' | 'challenge_required'): Refusal => ({
  ...{ granted: false, code, window: undefined, retryAfterMs: undefined, allowance: undefined },
  anomaly,
})

/** What one request of a plan that watches, or not, tells the store, the log and the webhook. */
async function held(decision: Reservation | Refusal, abuse: Plan['abuse'], payer: Payer = TOKEN) {
  const { budget, reserved, settled } = handBudget(decision)
  const told: WebhookEvent[] = []
  const followed: [Spender, string][] = []
  const background: Promise<unknown>[] = []
  const { log, lines } = readLog()
  const hold = createHold({
    budget,
    answers: unasked,
    requestTimeoutMs: 1000,
    leaseSlackMs: 1000,
    now: () => 7,
    notify: async () => {},
    tell: async (event) => void told.push(event),
    suspended: async (spender, why) => void followed.push([spender, why]),
    log,
  })
  const { plan, ...rest } = entitledTo('free')
  const entitlement = { ...rest, plan: { ...plan, abuse }, spender: { ...payer, plan: 'free' } }
  const whence = async () => ({ country: 'DE', network: 'ab12' })
  const asked = work({ worst: { promptTokens: 5, outputTokens: 20, units: 85 } })
  const code = await hold('r1', entitlement, asked, (task) => background.push(task), undefined, whence).then(
    (result) => {
      if (!('settle' in result)) throw new Error('nothing was asked before')
      result.settle('ok', { promptTokens: 5, outputTokens: 20, computeMs: 1 })
      return 'held'
    },
    (error: unknown) => String(Object(error).code),
  )
  await Promise.all(background)
  return { code, watched: reserved[0]?.watched, maxed: settled[0]?.maxed, told, followed, lines }
}

it('a plan that does not watch says nothing of where its callers are', async () => {
  for (const abuse of [undefined, { action: 'off', at: 50 } as const])
    expect(await held(GRANTED, abuse)).toMatchObject({
      ...{ code: 'held', watched: undefined, maxed: undefined },
      ...{ told: [], lines: [] },
    })
})

it('one that does says it, and whether the answer was as long as it might', async () => {
  const { watched, maxed, lines } = await held(GRANTED, { action: 'log', at: 40 })
  expect(watched).toEqual({ action: 'log', at: 40, country: 'DE', network: 'ab12' })
  expect([maxed, lines]).toEqual([true, []])
})

it('an odd request that passes is a line of the log', async () => {
  const { code, lines, told } = await held({ ...GRANTED, anomaly }, { action: 'log', at: 40 })
  expect([code, told]).toEqual(['held', []])
  expect(lines).toMatchObject([{ level: 'warn', event: 'anomaly', request_id: 'r1', account: 'tag of ada' }])
  expect(JSON.stringify(lines)).toContain('rate=30 country=25')
})

it('a challenge is a line and a refusal; a suspension is told to the operator, too', async () => {
  const challenged = await held(stopped('challenge_required'), { action: 'challenge', at: 40 })
  expect([challenged.code, challenged.lines.length, challenged.told]).toEqual(['challenge_required', 1, []])
  expect(challenged.followed).toEqual([])
  const { code, told, followed } = await held(stopped('account_suspended'), { action: 'suspend', at: 40 })
  expect(code).toBe('account_suspended')
  expect(told).toEqual([{ id: 'r1', type: 'account.suspended', at: 7, data: { account: 'ada', ...anomaly } }])
  // What follows is the same as after an administrator's.
  expect(followed).toEqual([[{ ...TOKEN, plan: 'free' }, anomaly.why]])
  const byKey = await held(stopped('account_suspended'), { action: 'suspend', at: 40 }, KEY)
  expect(byKey.told[0]?.data).toEqual({ key: 'k1', ...anomaly })
  expect(byKey.lines).toMatchObject([{ event: 'anomaly', key: 'k1', ...anomaly }])
})
