import type { Act, AuditLog } from '../audit/port.ts'
import type { AccountRecord, AccountStore } from '../budget/accounts.ts'
import type { Log } from '../log/port.ts'
import type { createSync, OwnerState, SyncOutcome } from '../sync/port.ts'

export type FollowOptions = {
  accounts: Pick<AccountStore, 'get'>
  audit: Pick<AuditLog, 'record'>
  sync: ReturnType<typeof createSync>
  /** Cancels the account's open jobs; returns how many there were. */
  cancelJobs: (account: string) => Promise<number>
  log: Log
}

/** What came of it: the account's record, and whether the issuer's own records were changed too. */
export type Followed = { record: AccountRecord; synced: SyncOutcome }

/** How often the issuer is told again what others have changed meanwhile. */
const MOST_TOLD_AGAIN = 3

/** What follows a change of an account's record, whoever has made it: an administrator, or an anomaly score. */
export function createFollow({ accounts, audit, sync, cancelJobs, log }: FollowOptions) {
  /** Writes a row about what came of an act that has been done. The act's result does not depend on this row. */
  async function note(row: Act): Promise<void> {
    const { target: account, action } = row
    await audit
      .record(row)
      .catch((error: unknown) => log('error', 'audit_failed', { account, error, detail: { action } }))
  }

  /**
   * Tells the issuer what has changed. Where another act on the account came meanwhile and was told first, the issuer
   * would be left with the older one: so whoever has told it looks at the record, and tells that where it says otherwise.
   */
  async function tell(account: string, change: OwnerState) {
    let state = change
    for (let more = MOST_TOLD_AGAIN; ; more--) {
      const told = await sync(account, state)
      const record = await accounts.get(account)
      const now = stateOf(record, change)
      const agrees = now.plan === state.plan && now.status === state.status
      if (agrees || told.outcome !== 'done' || more === 0) return { ...told, record }
      state = now
    }
  }

  /** @param row of the act; a further one says so if the issuer could not be told */
  async function changed(row: Act, state: OwnerState): Promise<Followed> {
    const { record, outcome, why } = await tell(row.target, state)
    // The record is written and holds. The failed sync is reported and logged, so that the act can be repeated.
    if (outcome === 'failed')
      await note({ ...row, action: `${row.action}.not_synced`, detail: { ...row.detail, why } })
    return { record, synced: outcome }
  }

  return {
    changed,
    /** The same of a suspension, which ends the account's jobs too: from there on it can open no new ones. */
    async suspended(row: Act): Promise<Followed & { cancelledJobs: number }> {
      const followed = await changed(row, { status: 'suspended' })
      return { ...followed, cancelledJobs: await cancelJobs(row.target) }
    },
  }
}

/** What a record says now of what was changed. */
function stateOf({ plan, status }: AccountRecord, change: OwnerState): OwnerState {
  return { ...('plan' in change && { plan: plan ?? null }), ...('status' in change && { status }) }
}
