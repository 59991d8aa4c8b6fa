import { describe, expect, it } from 'vitest'
import { createIdentify } from '../../../../edge/access/caller.ts'
import { SCOPES, scopesOf } from '../../../../edge/access/scopes.ts'
import { createStoredPlan } from '../../../../edge/access/stored-plan.ts'
import type { ApiKey } from '../../../../edge/api-keys/port.ts'
import type { AccountRecord } from '../../../../edge/budget/accounts.ts'
import type { Credential, PresentedApiKey } from '../../../../edge/identity/principal.ts'
import { catalog, entitleBy } from '../../../fixtures/catalog.ts'
import { principal } from '../../../fixtures/principal.ts'

const entitle = entitleBy()
const user = principal({ issuedAt: 1000 })
const presented: PresentedApiKey = { issuer: 'key', id: 'k1', secretHash: 'a'.repeat(64) }
const KEY: ApiKey = {
  id: 'k1',
  account: 'firebase:demo:u1',
  name: 'ci',
  secretHash: presented.secretHash,
  scopes: ['embed', 'keys'],
  plan: undefined,
  madeBy: undefined,
  createdAt: 0,
  expiresAt: 5000,
  lastUsedAt: undefined,
  revoked: false,
}

/** Who a credential is, by the records that the stores hold. */
function identified(
  credential: Credential,
  record: Partial<AccountRecord> = {},
  key: Partial<ApiKey> | null = {},
) {
  return createIdentify({
    entitle,
    accounts: {
      get: async (account) => {
        expect(account).toBe('firebase:demo:u1')
        return {
          status: 'active',
          plan: undefined,
          billingDay: undefined,
          revokedBefore: undefined,
          extra: undefined,
          ...record,
        }
      },
    },
    apiKeys: { get: async () => (key ? { ...KEY, ...key } : undefined) },
    defaultPlan: () => catalog.default_plan,
    now: () => 4999,
  })(credential)
}

describe('who calls', () => {
  it('is a user with the scopes of plan and role, on the plan that the record names', async () => {
    const caller = await identified({ ...user, roles: ['developer'] }, { plan: 'pro' })
    expect(caller).toMatchObject({ account: 'firebase:demo:u1', plan: { id: 'pro' }, key: undefined })
    expect(caller.claimedPlan).toBeUndefined()
    expect(caller.scopes.has('keys')).toBe(true)
    expect((await identified({ ...user, plan: 'pro' })).claimedPlan).toBe('pro')
  })

  it('is a key with its own scopes, on its own plan or that of the record', async () => {
    const caller = await identified(presented, {}, { plan: 'pro' })
    expect(caller).toMatchObject({ account: 'firebase:demo:u1', plan: { id: 'pro' }, claimedPlan: 'pro' })
    expect([...caller.scopes]).toEqual(['embed', 'keys'])
    expect((await identified(presented, { plan: 'free' }, { plan: 'pro' })).plan.id).toBe('free')
  })

  it.each<[string, Credential, Partial<AccountRecord>, Partial<ApiKey> | null]>([
    ['account_suspended', user, { status: 'suspended' }, {}],
    ['account_suspended', { ...user, status: 'suspended' }, {}, {}],
    ['token_revoked', user, { revokedBefore: 1001 }, {}],
    ['anonymous_not_allowed', { ...user, anonymous: true }, {}, {}],
    ['account_suspended', presented, { status: 'suspended' }, {}],
    ['key_invalid', presented, {}, null],
    ['key_invalid', presented, {}, { secretHash: 'b'.repeat(64) }],
    ['key_revoked', presented, {}, { revoked: true }],
    ['key_expired', presented, {}, { expiresAt: 4999 }],
    ['plan_unknown', presented, { plan: 'gone' }, {}],
  ])('is refused with %s', async (code, credential, record, key) => {
    await expect(identified(credential, record, key)).rejects.toMatchObject({ code })
  })

  it('is no token of the second of the revocation, and any key whenever it was made', async () => {
    for (const caller of [
      await identified(user, { revokedBefore: 1000 }),
      await identified(presented, { revokedBefore: 9_999_999_999 }),
    ])
      expect(caller.account).toBe('firebase:demo:u1')
  })
})

describe('the scopes of a user', () => {
  it.each([
    ['a plan', ['chat'], [], undefined, ['chat']],
    ['a plan with keys', ['chat', 'keys'], [], undefined, ['chat', 'keys']],
    ['a plan that claims to sell admin', ['chat', 'admin'], ['developer'], undefined, ['chat', 'keys']],
    ['a developer', ['chat'], ['developer'], undefined, ['chat', 'keys']],
    ['an admin', ['chat'], ['admin'], undefined, ['chat', 'keys', 'admin', 'metrics']],
    ['a plan that claims to sell metrics', ['chat', 'metrics'], [], undefined, ['chat']],
    ['an admin with a narrow token', ['chat'], ['admin'], ['chat', 'embed'], ['chat']],
    ['a user whose token claims more', ['chat'], [], ['chat', 'keys', 'admin'], ['chat']],
    ['a made-up role', ['chat'], ['Admin', 'root'], undefined, ['chat']],
  ])('%s', (_, plan, roles, narrowed, expected) => {
    expect([...scopesOf(plan, roles, narrowed)].toSorted()).toEqual(expected.toSorted())
  })

  it('are among those that a key can have', () => {
    for (const scope of catalog.plans.flatMap(({ scopes }) => scopes)) expect(SCOPES).toContain(scope)
    expect(SCOPES).toEqual(
      expect.arrayContaining(['chat', 'embed', 'tasks:fill-mask', 'jobs', 'keys', 'admin', 'metrics']),
    )
  })
})

describe('the plan of an API key', () => {
  it('is asked of the store by every list, and remembered for no other secret', async () => {
    const asked: unknown[] = []
    const { storedEntitlement, withStoredPlan } = createStoredPlan({
      entitle,
      planOf: async (payer) => {
        asked.push(payer)
        return 'pro'
      },
      now: () => 0,
    })
    for (let i = 0; i < 2; i++) expect((await storedEntitlement(presented)).plan.id).toBe('pro')
    expect(asked).toEqual(Array(2).fill({ key: 'k1', secretHash: presented.secretHash, scope: '' }))
    const planOf = (credential: Credential) => withStoredPlan(credential, async ({ plan }) => plan.id)
    expect(await planOf(presented)).toBe('pro')
    expect(await planOf({ ...presented, secretHash: 'b'.repeat(64) })).toBe('free')
  })
})
