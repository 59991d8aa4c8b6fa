import { describe, expect, it } from 'vitest'
import { createActs } from '../../../../edge/admin/acts.ts'
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
const by = { actor: 'firebase:p:root', target: 'firebase:p:u', reason: 'abuse', key: undefined }

/** Parts that write down in which order they were asked, and fail where they are told to. */
function world(faults: { audit?: boolean; unlogged?: string; store?: boolean; outcome?: SyncOutcome } = {}) {
  const steps: string[] = []
  const rows: Act[] = []
  const { log, lines } = readLog()
  const acts = createActs({
    accounts: {
      get: async () => RECORD,
      set: async (account, changes) => {
        steps.push(`set ${account} ${JSON.stringify(changes)}`)
        if (faults.store) throw away
      },
      grant: async (account, units, until) => {
        steps.push(`grant ${account} ${units}`)
        if (faults.store) throw away
        return { units, until }
      },
      list: async () => ({ accounts: [], next: undefined }),
    },
    audit: {
      record: async (act: Act) => {
        if (faults.audit || act.action === faults.unlogged) throw away
        rows.push(act)
        steps.push(`log ${act.action}`)
      },
      list: async () => ({ entries: [], next: undefined }),
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
  return { steps, rows, lines, acts }
}

describe('an administrative act', () => {
  it('is logged, then done, then told to the issuer', async () => {
    const { steps, acts } = world()
    expect(await acts.suspend(by)).toEqual({ record: RECORD, synced: 'done', cancelledJobs: 2 })
    expect(steps).toEqual([
      'log account.suspend',
      // A clock may run 5 s ahead: an `iat` of 1795000005 may be in a token that exists.
      'set firebase:p:u {"status":"suspended","revokedBefore":1795000006}',
      'forget refusals',
      'sync firebase:p:u {"status":"suspended"}',
      'cancel jobs of firebase:p:u',
    ])
  })

  it('is not done where it cannot be logged', async () => {
    const { steps, acts } = world({ audit: true })
    await expect(acts.suspend(by)).rejects.toBe(away)
    await expect(acts.restore(by)).rejects.toBe(away)
    await expect(acts.setPlan(by, 'pro', undefined)).rejects.toBe(away)
    await expect(acts.grant(by, 5, 10)).rejects.toBe(away)
    expect(steps).toEqual([])
  })

  it('that fails is logged as one that failed, and the issuer is told nothing', async () => {
    const { steps, acts } = world({ store: true })
    await expect(acts.grant(by, 5, 10)).rejects.toBe(away)
    await expect(acts.restore(by)).rejects.toBe(away)
    expect(steps).toEqual([
      'log account.grant',
      'grant firebase:p:u 5',
      'log account.grant.failed',
      'log account.restore',
      'set firebase:p:u {"status":"active"}',
      'log account.restore.failed',
    ])
  })

  it('that the issuer did not take holds all the same, is answered so and logged', async () => {
    const { steps, acts } = world({ outcome: 'failed' })
    expect(await acts.setPlan(by, null, 3)).toEqual({ record: RECORD, synced: 'failed' })
    expect(steps).toEqual([
      'log account.plan',
      'set firebase:p:u {"plan":null,"billingDay":3}',
      'forget refusals',
      'sync firebase:p:u {"plan":null}',
      'log account.plan.not_synced',
    ])
  })

  it('whose second row cannot be written is told in the log', async () => {
    const { acts, lines } = world({ store: true, unlogged: 'account.restore.failed' })
    await expect(acts.restore(by)).rejects.toBe(away)
    expect(lines).toMatchObject([
      {
        level: 'error',
        event: 'audit_failed',
        account: `tag of ${by.target}`,
        action: 'account.restore.failed',
      },
    ])
  })

  it('names the API key that was used in every row, also where it failed', async () => {
    const byKey = { ...by, key: 'AbCdEfGhIjKlMnOp' }
    const who = { actor: by.actor, target: by.target, reason: by.reason }
    const unsynced = world({ outcome: 'failed' })
    await unsynced.acts.setPlan(byKey, 'pro', undefined)
    expect(unsynced.rows).toEqual([
      { ...who, action: 'account.plan', detail: { plan: 'pro', by_key: byKey.key } },
      { ...who, action: 'account.plan.not_synced', detail: { why: 'refused', by_key: byKey.key } },
    ])
    const failing = world({ store: true })
    await expect(failing.acts.restore(byKey)).rejects.toBe(away)
    expect(failing.rows.map(({ detail }) => detail)).toEqual([{ by_key: byKey.key }, { by_key: byKey.key }])
  })
})
