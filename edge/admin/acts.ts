import { secondOf } from '../../shared/seconds.ts'
import type { Act, AuditLog } from '../audit/port.ts'
import type { AccountChanges, AccountRecord, AccountStore } from '../budget/accounts.ts'
import type { Log } from '../log/port.ts'
import type { createSync, OwnerState, SyncOutcome } from '../sync/port.ts'

type Options = {
  accounts: AccountStore
  audit: AuditLog
  sync: ReturnType<typeof createSync>
  /** Ends what the account has open; returns how many jobs that were. */
  cancelJobs: (account: string) => Promise<number>
  log: Log
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Who acts on what, and why. */
export type By = Pick<Act, 'actor' | 'target' | 'reason'> & {
  /** The API key that was used, where one was. */
  key: string | undefined
}

/** `synced` says whether the issuer's own records follow; what is refused here does not depend on it. */
export type Done = { record: AccountRecord; synced: SyncOutcome; cancelledJobs?: number }

/**
 * What administration may do to an account. Each act is first written into the audit log and only then done: one that
 * could not be written is not done, one that then fails is followed by a row that says so.
 */
export function createActs({ accounts, audit, sync, cancelJobs, log, now }: Options) {
  /** A row about an act that was done or not done already: what came of it does not depend on the row. */
  async function note(row: Act): Promise<void> {
    const { target: account, action } = row
    await audit
      .record(row)
      .catch((error: unknown) => log('error', 'audit_failed', { account, error, detail: { action } }))
  }

  async function logged<T>(by: By, action: string, detail: Act['detail'], run: () => Promise<T>): Promise<T> {
    const act = rowOf(by, action, detail)
    await audit.record(act)
    try {
      return await run()
    } catch (error) {
      // The store that failed is often the log's too: then the row above stands alone, which tells as much.
      await note({ ...act, action: `${action}.failed` })
      throw error
    }
  }

  function change(by: By, action: string, detail: Act['detail'], changes: AccountChanges, state: OwnerState) {
    return logged(by, action, detail, async (): Promise<Done> => {
      await accounts.set(by.target, changes)
      const { outcome, why } = await sync(by.target, state)
      // The record is written and holds; what is lacking is told and logged, so that the act can be repeated.
      if (outcome === 'failed') await note(rowOf(by, `${action}.not_synced`, { why }))
      return { record: await accounts.get(by.target), synced: outcome }
    })
  }

  return {
    /** Refuses the account's requests from the next one on, and its present tokens for good; its jobs end. */
    suspend: async (by: By): Promise<Done> => {
      const changes: AccountChanges = { status: 'suspended', revokedBefore: secondOf(now()) }
      const done = await change(by, 'account.suspend', {}, changes, { status: 'suspended' })
      // Only now: the account can have no new ones any more.
      return { ...done, cancelledJobs: await cancelJobs(by.target) }
    },

    /** Serves the account again; its users sign in anew. */
    restore: (by: By) => change(by, 'account.restore', {}, { status: 'active' }, { status: 'active' }),

    /** @param plan null for the plan that the token names, else the default one */
    setPlan: (by: By, plan: string | null, billingDay: number | null | undefined) => {
      const detail = { plan, ...(billingDay !== undefined && { billing_day: billingDay }) }
      const changes = { plan, ...(billingDay !== undefined && { billingDay }) }
      return change(by, 'account.plan', detail, changes, { plan })
    },

    /** @param until milliseconds since the epoch */
    grant: (by: By, units: number, until: number) =>
      logged(by, 'account.grant', { units, until }, async () => {
        await accounts.grant(by.target, units, until)
        return accounts.get(by.target)
      }),
  }
}

/** A row of the log; the API key that was used stands in its detail. */
function rowOf({ key, ...who }: By, action: string, detail: Act['detail']): Act {
  return { ...who, action, detail: { ...detail, ...(key !== undefined && { by_key: key }) } }
}
