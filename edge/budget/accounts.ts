/**
 * What administration says of an account, in one hash; reserve.lua.ts reads it with every reservation, so each
 * change has effect on the next request, whatever a token that is still valid says. An account without a hash is
 * active, on its token's plan.
 *
 * Fields: `status`, `plan`, `billing_day`, `revoked_before` (s), `extra_units` (granted and not yet drawn),
 * `extra_until` (ms), `extra_from` (ms; names the grant, so that what an older one paid is not given back to it).
 */
export type AccountRecord = {
  status: 'active' | 'suspended'
  /** Instead of the plan that the token names. */
  plan: string | undefined
  /** Day of the month, 1 to 31, on which the account's month begins, instead of the plan's. */
  billingDay: number | undefined
  /** Tokens issued before this second since the epoch are refused. API keys are not tokens. */
  revokedBefore: number | undefined
  /** What is left of the units that may be spent beyond the budgets of day and month, and until when (ms). */
  extra: { units: number; until: number } | undefined
}

/** A change of some fields: undefined leaves one as it is, null takes it away. */
export type AccountChanges = {
  [Field in 'status' | 'plan' | 'billingDay' | 'revokedBefore']?: AccountRecord[Field] | null
}

/** A page of accounts that have a record or spent something this month, in no order; `next` continues it, undefined at the end. */
export type AccountPage = { accounts: (AccountRecord & { account: string })[]; next: string | undefined }

/** Every method throws TwohopError `store_unavailable` where the store does not answer. */
export type AccountStore = {
  /** The account's record; one as without any where there is none. */
  get(account: string): Promise<AccountRecord>
  /** @throws RangeError for a billing day that is none, or a time that is no whole number */
  set(account: string, changes: AccountChanges): Promise<void>
  /**
   * Grants units beyond the day's and the month's budget until a time (ms). What is left of a grant that still runs is
   * kept and lasts as long as the new one; one that has ended is gone. Returns what is granted now.
   * @throws RangeError for units or a time that are no whole numbers
   */
  grant(account: string, units: number, until: number): Promise<{ units: number; until: number }>
  /** Pages may be empty before the end, and an account that changes meanwhile may come twice. */
  list(next?: string): Promise<AccountPage>
}
