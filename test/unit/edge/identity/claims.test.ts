import { describe, expect, it } from 'vitest'
import { assertPast, entitlementsOf, OwnerClaims, readClaims } from '../../../../edge/identity/claims.ts'
import { refusal } from '../../../fixtures/entitled.ts'

describe("the owner's claims", () => {
  it('are none where nothing is said: active, without roles, on no plan of their own', () => {
    expect(entitlementsOf(readClaims(OwnerClaims, { unknown: 1 }))).toEqual({
      plan: undefined,
      status: 'active',
      scopes: undefined,
      roles: [],
    })
  })

  it('that are null say as little as nothing', () => {
    const said = { plan: null, role: null, roles: null, scopes: null, status: null }
    expect(entitlementsOf(readClaims(OwnerClaims, said))).toEqual(entitlementsOf({}))
  })

  it('make one list of role and roles', () => {
    const { roles } = entitlementsOf({ role: 'admin', roles: ['developer', 'admin'] })
    expect(roles).toEqual(['admin', 'developer'])
  })

  it.each([
    { plan: '' },
    { plan: 'x'.repeat(101) },
    { roles: 'admin' },
    { scopes: [1] },
    { scopes: new Array(101).fill('chat') },
    { status: 'Suspended' },
    'no claims',
  ])('that cannot be read never count as none: %o', (claims) => {
    expect(refusal(() => readClaims(OwnerClaims, claims))).toEqual(['token_claims_invalid', undefined])
  })

  it('are refused by name and rule, without their value', () => {
    expect(() => readClaims(OwnerClaims, { status: 'a-secret' })).toThrow(/`status`/)
    expect(() => readClaims(OwnerClaims, { status: 'a-secret' })).not.toThrow(/a-secret/)
  })
})

it('a time may lie five seconds ahead, as clocks differ, and not a sixth', () => {
  expect(refusal(() => assertPast('iat', 105, 100))).toBe('none')
  expect(refusal(() => assertPast('iat', 106, 100))).toEqual(['token_not_yet_valid', undefined])
})
