import { secondOf } from '../../shared/seconds.ts'
import type { Act, AuditLog } from '../audit/port.ts'
import type { AccountChanges, AccountRecord, AccountStore } from '../budget/accounts.ts'
import type { Payer } from '../budget/port.ts'
import { CLOCK_SKEW_SECONDS } from '../identity/claims.ts'
import type { Log } from '../log/port.ts'
import type { createSync, OwnerState, SyncOutcome } from '../sync/port.ts'

type Options = {
  accounts: AccountStore
  audit: AuditLog
  sync: ReturnType<typeof createSync>
  /** Cancels the account's open jobs; returns how many there were. */
  cancelJobs: (account: string) => Promise<number>
  /** Forgets refusals that a new plan or a grant may have lifted. */
  forgetRefusals: () => void
  log: Log
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The actor of an act, its target and its reason. */
export type By = Pick<Act, 'actor' | 'target' | 'reason'> & {
  /** The credential that was used. The store looks at it once more, in the step of the act. */
  payer: Payer
}

/**
 * The account's record after the act. `synced` says whether the issuer's own records were changed too; the edge's
 * refusals do not depend on that.
 */
export type Done = { record: AccountRecord; synced: SyncOutcome; cancelledJobs?: number }

/**
 * The acts of administration on an account. The account's record and the row in the audit log are written in one step, both
 * or neither. A further row says so if the issuer could not be told.
 */
export function createActs({ accounts, audit, sync, cancelJobs, forgetRefusals, log, now }: Options) {
  /** Writes a row about what came of an act that has been done. The act's result does not depend on this row. */
  async function note(row: Act): Promise<void> {
    const { target: account, action } = row
    await audit
      .record(row)
      .catch((error: unknown) => log('error', 'audit_failed', { account, error, detail: { action } }))
  }

  async function change(
    by: By,
    action: string,
    detail: Act['detail'],
    changes: AccountChanges,
    state: OwnerState,
  ): Promise<Done> {
    await accounts.set(by.target, changes, { by: by.payer, act: rowOf(by, action, detail) })
    forgetRefusals()
    const { record, outcome, why } = await tell(by.target, state)
    // The record is written and holds. The failed sync is reported and logged, so that the act can be repeated.
    if (outcome === 'failed') await note(rowOf(by, `${action}.not_synced`, { why }))
    return { record, synced: outcome }
  }

  /**
   * Tells the issuer what has changed. Where another act on the account came meanwhile and was told first, the issuer
   * would be left with the older one: so whoever has told it looks at the record, and tells that where it says otherwise.
   */
  async function tell(account: string, changed: OwnerState) {
    let state = changed
    for (let more = MOST_TOLD_AGAIN; ; more--) {
      const told = await sync(account, state)
      const record = await accounts.get(account)
      const now = stateOf(record, changed)
      const agrees = now.plan === state.plan && now.status === state.status
      if (agrees || told.outcome !== 'done' || more === 0) return { ...told, record }
      state = now
    }
  }

  return {
    /**
     * Refuses the account's requests from the next one on, refuses for good the tokens that it has, and ends its jobs. An
     * issuer's clock may run ahead of ours, so tokens of the next few seconds count as tokens that it has.
     */
    suspend: async (by: By): Promise<Done> => {
      const changes: AccountChanges = {
        status: 'suspended',
        revokedBefore: secondOf(now()) + CLOCK_SKEW_SECONDS + 1,
      }
      const done = await change(by, 'account.suspend', {}, changes, { status: 'suspended' })
      // Not before: from here on the account can open no new jobs.
      return { ...done, cancelledJobs: await cancelJobs(by.target) }
    },

    /** Serves the account again: its API keys, and tokens that were issued after the suspension. */
    restore: (by: By) => change(by, 'account.restore', {}, { status: 'active' }, { status: 'active' }),

    /** @param plan null for the plan that the token names, or else the default plan */
    setPlan: (by: By, plan: string | null, billingDay: number | null | undefined) => {
      const detail = { plan, ...(billingDay !== undefined && { billing_day: billingDay }) }
      const changes = { plan, ...(billingDay !== undefined && { billingDay }) }
      return change(by, 'account.plan', detail, changes, { plan })
    },

    /** @param until milliseconds since the epoch */
    grant: async (by: By, units: number, until: number): Promise<AccountRecord> => {
      const act = rowOf(by, 'account.grant', { units, until })
      await accounts.grant(by.target, units, until, { by: by.payer, act })
      forgetRefusals()
      return accounts.get(by.target)
    },
  }
}

/** How often the issuer is told again what others have changed meanwhile. */
const MOST_TOLD_AGAIN = 3

/** What a record says now of what was changed. */
function stateOf({ plan, status }: AccountRecord, changed: OwnerState): OwnerState {
  return { ...('plan' in changed && { plan: plan ?? null }), ...('status' in changed && { status }) }
}

/** A row of the audit log. Its detail holds the id of the API key that was used. */
function rowOf({ payer, ...who }: By, action: string, detail: Act['detail']): Act {
  return { ...who, action, detail: { ...detail, ...('key' in payer && { by_key: payer.key }) } }
}
