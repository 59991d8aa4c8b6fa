import { expect, it } from 'vitest'
import type { Payer } from '../../../../edge/budget/port.ts'
import { createHold } from '../../../../edge/metering/hold.ts'
import type { Work } from '../../../../edge/parse/work.ts'
import { versionOf } from '../../../../edge/upstream/version.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { handBudget } from '../../../fixtures/hand-budget.ts'
import { readLog } from '../../../fixtures/log.ts'
import { chat, work } from '../../../fixtures/metered.ts'
import { unasked } from '../../../fixtures/unasked.ts'

const versions = [
  { id: 'a', weight: 1 },
  { id: 'b', weight: 1 },
]
const TOKEN: Payer = { account: 'ada', issuedAt: 0 }
const KEY: Payer = { key: 'k1', secretHash: 'h', scope: '' }

/** What the store is told of one request of Ada's, when it is held and when it is settled. */
async function told(payer: Payer, changes: Partial<Work>) {
  const { budget, reserved, settled } = handBudget()
  const background: Promise<unknown>[] = []
  const hold = createHold({
    budget,
    answers: unasked,
    requestTimeoutMs: 1000,
    leaseSlackMs: 1000,
    now: () => 0,
    notify: async () => {},
    tell: async () => {},
    suspended: async () => {},
    log: readLog().log,
  })
  const entitlement = { ...entitledTo('free'), spender: { ...payer, plan: 'free' } }
  const held = await hold('r1', entitlement, work({ model: { ...chat, versions }, ...changes }), (task) =>
    background.push(task),
  )
  if (held instanceof Response || 'answer' in held) throw new Error('nothing was asked before')
  held.settle('ok', undefined)
  await Promise.all(background)
  const [request] = reserved
  const scope = request && 'key' in request.spender ? request.spender.scope : undefined
  return [request?.version, held.version, settled[0]?.reserved.version, scope]
}

it('an API key gets the version of its account, although only the reservation says whose it is', async () => {
  const own = versionOf({ id: chat.id, versions }, 'ada')
  expect(await told(TOKEN, {})).toEqual([own, own, own, undefined])
  expect(await told(KEY, {})).toEqual([undefined, own, own, 'chat'])
})

it('one that is asked for by name is held and settled as that, and needs a scope of an API key', async () => {
  expect(await told(TOKEN, { version: 'b' })).toEqual(['b', 'b', 'b', undefined])
  expect(await told(KEY, { version: 'b' })).toEqual(['b', 'b', 'b', 'chat versions'])
})
