import { describe, expect, it } from 'vitest'
import { type ClaimNames, notRead, ownerSays } from '../../../../edge/identity/owner-claims.ts'
import { refusal } from '../../../fixtures/entitled.ts'

const NAMES: ClaimNames = { object: 'twohop', others: {} }
const NOTHING = { plan: undefined, status: 'active', scopes: undefined, roles: [], emailVerified: undefined }
const GRANT = { plan: 'pro', role: 'admin', roles: ['developer'], scopes: ['chat'], status: 'suspended' }
const says = (held: Record<string, unknown>, names = NAMES) => ownerSays(held, names, [])

describe('what the owner says of a user', () => {
  it('is read from the object', () => {
    expect(says({ twohop: { ...GRANT, email_verified: true } })).toEqual({
      plan: 'pro',
      status: 'suspended',
      scopes: ['chat'],
      roles: ['admin', 'developer'],
      emailVerified: true,
    })
    expect(says({ mine: GRANT }, { object: 'mine', others: {} })).toMatchObject({ plan: 'pro' })
  })

  it("is nothing of the claims beside it: an app's own role and plan grant nothing, and break nothing", () => {
    expect(says(GRANT)).toEqual(NOTHING)
    expect(
      says({ role: ['owner'], plan: 7, status: 'premium', scopes: 'all', twohop: { plan: 'free' } }),
    ).toEqual({
      ...NOTHING,
      plan: 'free',
    })
  })

  it('is read from another claim where that is named, and from there alone', () => {
    const others = { plan: 'tier', roles: 'https://app.example/roles' }
    const held = { tier: 'gold', 'https://app.example/roles': ['developer'], role: 'admin', twohop: GRANT }
    expect(says(held, { object: 'twohop', others })).toMatchObject({
      plan: 'gold',
      roles: ['admin', 'developer'],
    })
    expect(says({ twohop: GRANT }, { object: 'twohop', others })).toMatchObject({
      plan: undefined,
      roles: ['admin'],
    })
  })

  it.each([
    {},
    { twohop: null },
    { twohop: {} },
    { twohop: { plan: null, role: null, roles: null, status: null } },
  ])('is nothing in %j', (held) => expect(says(held)).toEqual(NOTHING))

  it('is nothing that objects inherit', () => {
    for (const name of ['constructor', 'toString', '__proto__'])
      expect(says({}, { object: name, others: { plan: name } })).toEqual(NOTHING)
    expect(says(JSON.parse('{"__proto__": {"twohop": {"role": "admin"}}}'))).toEqual(NOTHING)
    expect(says(JSON.parse('{"twohop": {"__proto__": {"role": "admin"}}}'))).toEqual(NOTHING)
  })

  it.each([
    ['twohop', 'pro'],
    ['twohop', ['pro']],
    ['twohop.plan', { plan: '' }],
    ['twohop.plan', { plan: 'x'.repeat(101) }],
    ['twohop.roles', { roles: 'admin' }],
    ['twohop.scopes.0', { scopes: [1] }],
    ['twohop.scopes', { scopes: new Array(101).fill('chat') }],
    ['twohop.status', { status: 'Suspended' }],
  ])('is refused at %s where it cannot be read: %j', (path, twohop) => {
    expect(refusal(() => says({ twohop }))).toEqual(['token_claims_invalid', undefined])
    expect(() => says({ twohop })).toThrow(`\`${path}\``)
  })
})

it('tells fields that stand beside the object and are not read', () => {
  expect(notRead({ ...GRANT, twohop: {} }, NAMES)).toEqual(['plan', 'role', 'roles', 'scopes', 'status'])
  expect(notRead({ plan: 'a', role: null, twohop: GRANT }, { ...NAMES, others: { plan: 'plan' } })).toEqual(
    [],
  )
})
