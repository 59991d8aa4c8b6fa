import type { Act } from '../audit/port.ts'
import type { Payer } from './port.ts'

/**
 * What administration has set for an account, in one Redis hash. Every reservation reads it
 * (edge/budget/spender.lua.ts), so a change takes effect on the next request, whatever a still valid token says. An
 * account without a hash is active, on its token's plan. edge/budget/record-life.lua.ts says how long it is kept.
 *
 * Fields: `status`, `plan`, `billing_day`, `revoked_before` (s), `extra_units` (granted and not yet drawn),
 * `extra_until` (ms), `extra_from` (ms; names the grant, so that units which an older grant paid are not given back to
 * this one).
 */
export type AccountRecord = {
  status: 'active' | 'suspended'
  /** Replaces the plan that the token names. */
  plan: string | undefined
  /** Day of the month, 1 to 31, on which the account's month begins; replaces the plan's. */
  billingDay: number | undefined
  /** Tokens issued before this second since the epoch are refused. API keys are not tokens. */
  revokedBefore: number | undefined
  /** What is left of a grant: units beyond the budgets of day and month, and until when they may be spent (ms). */
  extra: { units: number; until: number } | undefined
}

/** Changes of some fields: undefined leaves a field as it is, null removes it. */
export type AccountChanges = {
  [Field in 'status' | 'plan' | 'billingDay' | 'revokedBefore']?: AccountRecord[Field] | null
}

/**
 * A page of accounts that have a record, or spent something this month, in no order. `next` continues the list; it is
 * undefined at the end.
 */
export type AccountPage = { accounts: (AccountRecord & { account: string })[]; next: string | undefined }

/** Who asks for a change of an account, and the row about it in the audit log. */
export type Asked = { by: Payer; act: Act }

/**
 * A change, its row in the audit log and the look at who asks for it are one atomic step. Every method throws TwohopError
 * `store_unavailable` where the store does not answer; those that change something, BudgetRefused why the caller may not.
 */
export type AccountStore = {
  /** The account's record; a default one (active, all else undefined) where there is none. */
  get(account: string): Promise<AccountRecord>
  /** @throws RangeError for a billing day outside 1 to 31, or a time that is no whole number */
  set(account: string, changes: AccountChanges, asked: Asked): Promise<void>
  /**
   * Grants units beyond the day's and the month's budget until a time (ms). What is left of a grant that still runs is
   * kept, and lasts as long as the new one. What is left of an expired grant is lost. Returns the units that are
   * granted now, and their end.
   * @throws RangeError for units or a time that are no whole numbers
   */
  grant(
    account: string,
    units: number,
    until: number,
    asked: Asked,
  ): Promise<{ units: number; until: number }>
  /** A page may be empty before the end. An account that changes during the listing may be listed twice. */
  list(next?: string): Promise<AccountPage>
}
