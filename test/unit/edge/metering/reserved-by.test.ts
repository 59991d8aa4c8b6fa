import { expect, it } from 'vitest'
import { limitsOf } from '../../../../edge/metering/reservation.ts'
import { reservedBy } from '../../../../edge/metering/reserved-by.ts'
import { planOf } from '../../../fixtures/catalog.ts'

const REQUEST = {
  ...{ requestId: 'r1', units: 85, plan: 'free', limits: limitsOf(planOf('free')), leaseMs: 1000 },
  ...{ model: 'twohop-chat', version: 'a', task: 'chat' },
}
const SAID = { account: 'ada', units: 85, plan: 'free', model: 'twohop-chat', version: 'a', task: 'chat' }

it('says again what was reserved, with the API key where there is one', () => {
  const { billing_day: billingDay } = planOf('free')
  const token = { account: 'ada', issuedAt: 0, plan: 'free' }
  expect(reservedBy({ ...REQUEST, spender: token }, 'ada')).toEqual({ ...SAID, key: '', billingDay })
  const key = { key: 'k1', secretHash: 'h', scope: '', plan: 'free' }
  expect(reservedBy({ ...REQUEST, spender: key }, 'ada')).toEqual({ ...SAID, key: 'k1', billingDay })
})
