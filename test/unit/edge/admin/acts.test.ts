import { describe, expect, it } from 'vitest'
import { type By, createActs } from '../../../../edge/admin/acts.ts'
import type { Act } from '../../../../edge/audit/port.ts'
import type { AccountRecord } from '../../../../edge/budget/accounts.ts'
import type { SyncOutcome } from '../../../../edge/sync/port.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { readLog } from '../../../fixtures/log.ts'

const RECORD: AccountRecord = {
  status: 'active',
  plan: undefined,
  billingDay: undefined,
  revokedBefore: undefined,
  extra: undefined,
}
const away = new TwohopError('store_unavailable', 'away')
const by = {
  actor: 'firebase:p:root',
  target: 'firebase:p:u',
  reason: 'abuse',
  payer: { account: 'firebase:p:root', issuedAt: 1 },
}

/** Parts that write down in which order they were asked, and fail where they are told to. */
function world(faults: { audit?: boolean; store?: boolean; outcome?: SyncOutcome } = {}, who: By = by) {
  const steps: string[] = []
  let set: Partial<AccountRecord> = {}
  /** What others set before this one's looks at the record, in order. */
  const later: (() => Partial<AccountRecord>)[] = []
  const rows: Act[] = []
  const { log, lines } = readLog()
  const acts = createActs({
    accounts: {
      get: async () => ({ ...RECORD, ...set, ...later.shift()?.() }),
      set: async (account, changes, { by: payer, act }) => {
        expect(payer).toBe(who.payer)
        steps.push(`${act.action} ${account} ${JSON.stringify(changes)}`)
        if (faults.store) throw away
        rows.push(act)
        const { status, plan } = changes
        set = { ...(status && { status }), ...(plan && { plan }) }
      },
      grant: async (account, units, until, { by: payer, act }) => {
        expect(payer).toBe(who.payer)
        steps.push(`${act.action} ${account} ${units}`)
        if (faults.store) throw away
        rows.push(act)
        return { units, until }
      },
      list: async () => ({ accounts: [], next: undefined }),
    },
    audit: {
      record: async (act: Act) => {
        if (faults.audit) throw away
        rows.push(act)
        steps.push(`log ${act.action}`)
      },
    },
    sync: async (account, state) => {
      steps.push(`sync ${account} ${JSON.stringify(state)}`)
      return { outcome: faults.outcome ?? 'done', ...(faults.outcome === 'failed' && { why: 'refused' }) }
    },
    cancelJobs: async (account) => {
      steps.push(`cancel jobs of ${account}`)
      return 2
    },
    forgetRefusals: () => void steps.push('forget refusals'),
    log,
    now: () => 1_795_000_000_999,
  })
  return { steps, rows, lines, acts, later }
}

describe('an administrative act', () => {
  it('is done with its row in one step, then told to the issuer', async () => {
    const { steps, rows, acts } = world()
    expect(await acts.suspend(by)).toEqual({
      record: { ...RECORD, status: 'suspended' },
      synced: 'done',
      cancelledJobs: 2,
    })
    expect(steps).toEqual([
      // A clock may run 5 s ahead: an `iat` of 1795000005 may be in a token that exists.
      'account.suspend firebase:p:u {"status":"suspended","revokedBefore":1795000006}',
      'forget refusals',
      'sync firebase:p:u {"status":"suspended"}',
      'cancel jobs of firebase:p:u',
    ])
    const { actor, target, reason } = by
    expect(rows).toEqual([{ actor, target, reason, action: 'account.suspend', detail: {} }])
  })

  it('that another overtook leaves the issuer with what the record says in the end', async () => {
    const { steps, acts, later } = world()
    later.push(
      () => ({ status: 'active' as const }),
      () => ({ status: 'active' as const }),
    )
    expect(await acts.suspend(by)).toMatchObject({ record: { status: 'active' }, synced: 'done' })
    expect(steps.filter((step) => step.startsWith('sync'))).toEqual([
      'sync firebase:p:u {"status":"suspended"}',
      'sync firebase:p:u {"status":"active"}',
    ])
    const flipping = world()
    for (let i = 0; i < 10; i++) flipping.later.push(() => ({ plan: `p${i}` }))
    expect(await flipping.acts.setPlan(by, 'pro', undefined)).toMatchObject({ synced: 'done' })
    expect(flipping.steps.filter((step) => step.startsWith('sync'))).toHaveLength(4)
  })

  it('that the store refuses or does not take is told nobody', async () => {
    const { steps, rows, acts } = world({ store: true })
    await expect(acts.suspend(by)).rejects.toBe(away)
    await expect(acts.restore(by)).rejects.toBe(away)
    await expect(acts.setPlan(by, 'pro', undefined)).rejects.toBe(away)
    await expect(acts.grant(by, 5, 10)).rejects.toBe(away)
    expect(steps).toEqual([
      'account.suspend firebase:p:u {"status":"suspended","revokedBefore":1795000006}',
      'account.restore firebase:p:u {"status":"active"}',
      'account.plan firebase:p:u {"plan":"pro"}',
      'account.grant firebase:p:u 5',
    ])
    expect(rows).toEqual([])
  })

  it('that the issuer did not take holds all the same, is answered so and logged', async () => {
    const { steps, acts } = world({ outcome: 'failed' })
    expect(await acts.setPlan(by, null, 3)).toEqual({ record: RECORD, synced: 'failed' })
    expect(steps).toEqual([
      'account.plan firebase:p:u {"plan":null,"billingDay":3}',
      'forget refusals',
      'sync firebase:p:u {"plan":null}',
      'log account.plan.not_synced',
    ])
  })

  it('whose second row cannot be written is told in the log', async () => {
    const { acts, lines } = world({ outcome: 'failed', audit: true })
    expect(await acts.restore(by)).toMatchObject({ synced: 'failed' })
    expect(lines).toMatchObject([
      {
        level: 'error',
        event: 'audit_failed',
        account: `tag of ${by.target}`,
        action: 'account.restore.not_synced',
      },
    ])
  })

  it('names the API key that was used in every row', async () => {
    const byKey = { ...by, payer: { key: 'AbCdEfGhIjKlMnOp', secretHash: 'a', scope: 'admin' } }
    const who = { actor: by.actor, target: by.target, reason: by.reason }
    const by_key = byKey.payer.key
    const { acts, rows } = world({ outcome: 'failed' }, byKey)
    await acts.setPlan(byKey, 'pro', undefined)
    await acts.grant(byKey, 5, 10)
    expect(rows).toEqual([
      { ...who, action: 'account.plan', detail: { plan: 'pro', by_key } },
      { ...who, action: 'account.plan.not_synced', detail: { why: 'refused', by_key } },
      { ...who, action: 'account.grant', detail: { units: 5, until: 10, by_key } },
    ])
  })
})
