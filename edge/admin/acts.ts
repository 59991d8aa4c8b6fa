import { secondOf } from '../../shared/seconds.ts'
import type { Act } from '../audit/port.ts'
import type { AccountChanges, AccountRecord, AccountStore } from '../budget/accounts.ts'
import type { Payer } from '../budget/port.ts'
import { CLOCK_SKEW_SECONDS } from '../identity/claims.ts'
import { createFollow, type Followed, type FollowOptions } from './follow.ts'

type Options = FollowOptions & {
  accounts: AccountStore
  /** Forgets refusals that a new plan or a grant may have lifted. */
  forgetRefusals: () => void
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
export type Done = Followed & { cancelledJobs?: number }

/**
 * The acts of administration on an account. The account's record and the row in the audit log are written in one step, both
 * or neither. A further row says so if the issuer could not be told.
 */
export function createActs({ forgetRefusals, now, ...options }: Options) {
  const { accounts } = options
  const follow = createFollow(options)

  async function change(
    by: By,
    action: string,
    changes: AccountChanges,
    detail: Act['detail'] = {},
  ): Promise<Act> {
    const act = rowOf(by, action, detail)
    await accounts.set(by.target, changes, { by: by.payer, act })
    forgetRefusals()
    return rowOf(by, action, {})
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
      return follow.suspended(await change(by, 'account.suspend', changes))
    },

    /** Serves the account again: its API keys, and tokens that were issued after the suspension. */
    restore: async (by: By): Promise<Done> => {
      const row = await change(by, 'account.restore', { status: 'active' })
      return follow.changed(row, { status: 'active' })
    },

    /** @param plan null for the plan that the token names, or else the default plan */
    setPlan: async (by: By, plan: string | null, billingDay: number | null | undefined): Promise<Done> => {
      const detail = { plan, ...(billingDay !== undefined && { billing_day: billingDay }) }
      const changes = { plan, ...(billingDay !== undefined && { billingDay }) }
      return follow.changed(await change(by, 'account.plan', changes, detail), { plan })
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

/** A row of the audit log. Its detail holds the id of the API key that was used. */
function rowOf({ payer, ...who }: By, action: string, detail: Act['detail']): Act {
  return { ...who, action, detail: { ...detail, ...('key' in payer && { by_key: payer.key }) } }
}
