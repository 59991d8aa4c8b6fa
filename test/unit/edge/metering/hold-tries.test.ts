import { expect, it } from 'vitest'
import { createHold } from '../../../../edge/metering/hold.ts'
import { usageWithin } from '../../../../edge/metering/used.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { handBudget } from '../../../fixtures/hand-budget.ts'
import { readLog } from '../../../fixtures/log.ts'
import { chat, work } from '../../../fixtures/metered.ts'
import { unasked } from '../../../fixtures/unasked.ts'

it('the time of a try that was given up is charged once, where the next one measures none', async () => {
  const { budget, settled } = handBudget()
  let ms = 0
  const hold = createHold({
    budget,
    answers: unasked,
    requestTimeoutMs: 60_000,
    leaseSlackMs: 1000,
    now: () => ms,
    notify: async () => {},
    tell: async () => {},
    suspended: async () => {},
    log: readLog().log,
  })
  const entitlement = { ...entitledTo('free'), spender: { account: 'ada', issuedAt: 0, plan: 'free' } }
  const model = { ...chat, tries: 2, prices: { prompt: 0, output: 0, compute_second: 1000 } }
  const held = await hold('r1', entitlement, work({ model }), () => {})
  if (held instanceof Response || 'answer' in held) throw new Error('nothing was asked before')
  ms = 10_000
  held.spare?.lost(Promise.resolve({ promptTokens: 1, outputTokens: 0, computeMs: 10_000 }))
  ms = 11_000
  held.settle('ok', usageWithin(held, { prompt_tokens: 1, completion_tokens: 2 }, undefined))
  await held.settled
  expect(settled).toMatchObject([{ computeMs: 11_000, units: 11_000, reserved: { units: 120_000 } }])
})
