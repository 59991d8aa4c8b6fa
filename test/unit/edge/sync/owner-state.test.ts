import { expect, it } from 'vitest'
import { claimsToWrite } from '../../../../edge/sync/owner-state.ts'

const NAMES = { object: 'twohop', others: {} }

it('writes into the object, and keeps what else is in it', () => {
  const held = { role: 'owner', twohop: { role: 'admin', plan: 'free' } }
  expect(claimsToWrite(held, NAMES, { plan: 'pro', status: 'suspended' })).toEqual({
    twohop: { role: 'admin', plan: 'pro', status: 'suspended' },
  })
  expect(held.twohop).toEqual({ role: 'admin', plan: 'free' })
})

it('makes the object, and removes one that is left empty', () => {
  expect(claimsToWrite({}, NAMES, { plan: 'pro' })).toEqual({ twohop: { plan: 'pro' } })
  expect(claimsToWrite({ twohop: null }, NAMES, { plan: 'pro' })).toEqual({ twohop: { plan: 'pro' } })
  expect(claimsToWrite({ twohop: { status: 'suspended' } }, NAMES, { status: 'active' })).toEqual({
    twohop: null,
  })
})

it('writes a field under the name that it is read from', () => {
  const names = { object: 'mine', others: { plan: 'tier' } }
  const state = { plan: null, status: 'suspended' } as const
  expect(claimsToWrite({ tier: 'pro' }, names, state)).toEqual({ tier: null, mine: { status: 'suspended' } })
})

it.each(['beta', 7, ['a'], true])('leaves %j alone, which is no object', (twohop) => {
  expect(() => claimsToWrite({ twohop }, NAMES, { plan: 'pro' })).toThrow(
    expect.objectContaining({ code: 'refused' }),
  )
})
