import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { actingRefusalOf } from './allowance.ts'
import type { Allowance, Refusal } from './port.ts'

/** A refusal of the budget's, with the allowance that it was judged by. */
export class BudgetRefused extends TwohopError {
  readonly allowance: Allowance | undefined

  constructor(
    code: ErrorCode,
    message: string,
    wait: { retryAfterMs?: number; resetsAt?: number },
    allowance: Allowance | undefined,
  ) {
    super(code, message, wait)
    this.allowance = allowance
  }
}

const MINUTE_MS = 60_000

/**
 * A refusal as the error that the caller sees.
 * @param at milliseconds since the epoch, for the time at which a budget begins anew
 */
export function refused(refusal: Refusal, at: number): BudgetRefused {
  const { code, window, retryAfterMs, allowance } = refusal
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  // Windows end on whole minutes of Redis's clock; rounding takes the difference between the clocks away.
  const resetsAt =
    window && retryAfterMs !== undefined ? Math.round((at + retryAfterMs) / MINUTE_MS) * MINUTE_MS : undefined
  return new BudgetRefused(
    code,
    messageOf(refusal),
    { ...wait, ...(resetsAt !== undefined && { resetsAt }) },
    allowance,
  )
}

function messageOf({ code, window, retryAfterMs }: Refusal): string {
  const rest = `The most that this request can cost does not fit in what is left of this ${window}'s budget.`
  return {
    challenge_required:
      'This use is unusual for you; sign in again, or refresh your token, and ask once more.',
    account_suspended: 'This account is suspended.',
    token_revoked: 'This token was revoked; sign in again.',
    key_invalid: 'There is no such API key.',
    key_revoked: 'This API key was revoked.',
    key_expired: 'This API key has expired.',
    scope_missing: 'This API key does not have the scope of this request.',
    rate_limited: 'Too many requests this minute; wait for the time in Retry-After.',
    too_many_concurrent: 'Too many requests of this account are under way; wait for one to end.',
    too_many_jobs: 'Too many jobs of this account have not ended; wait for one, or cancel one.',
    job_storage_full:
      'The results of your earlier jobs leave no room for those of this one; wait until some are dropped.',
    jobs_not_served:
      'No host takes jobs for this model right now; try again shortly, or send the request without a job.',
    job_store_full: 'This service keeps as many results of jobs as it can; try again later.',
    budget_exhausted: retryAfterMs === undefined ? `${rest} A fresh one would not help: ask for less.` : rest,
    budget_minute_exhausted: `${rest} The next minute has one of its own; wait for the time in Retry-After.`,
    project_budget_exhausted: `This service has spent its own budget of this ${window}; yours is not used up.`,
  }[code]
}

/**
 * The reply of a script that finds out who calls (edge/budget/caller.lua.ts), where that caller may act.
 * @throws BudgetRefused why the caller may not
 */
export function allowedReply(reply: unknown): unknown {
  const refusal = actingRefusalOf(reply)
  // It is the caller who is refused: no window is used up, so the time tells nothing.
  if (refusal) throw refused(refusal, 0)
  return reply
}
