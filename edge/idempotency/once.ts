import type { HonoRequest } from 'hono'
import { ERRORS, TwohopError } from '../../shared/errors.ts'
import type { Caller } from '../access/caller.ts'
import { spenderId } from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import { ANSWER_GONE } from '../store/idempotency-record.lua.ts'
import type { Answers } from './answers.ts'
import { idempotencyOf } from './key.ts'
import type { IdempotencyRecords } from './records.ts'

/** The part of Hono's context that is needed. */
type Asked = {
  req: HonoRequest
  var: { requestId: string; readBody: () => Promise<Uint8Array<ArrayBuffer>> }
}

type Options = { idempotencyRecords: IdempotencyRecords; answers: Answers; log: Log }

type Owner = Pick<Caller, 'account' | 'key' | 'payer'>

/**
 * Runs `act` and gives its answer, or gives the first answer to the same idempotency key of the same owner. The caller
 * must have checked that the owner may do the act.
 */
export type Once = (asked: Asked, owner: Owner, act: () => Promise<Response>) => Promise<Response>

/**
 * Idempotency keys for requests that reserve nothing: two round trips more for a request with a key, none without. An
 * act that was done under a key is never done again under it, even if the answer or the edge was lost. A refused one
 * may be tried again.
 */
export function createOnce({ idempotencyRecords, answers, log }: Options): Once {
  return async function once(asked, owner, act) {
    const idempotency = await idempotencyOf(asked, ownerName(owner))
    if (!idempotency) return act()
    const { requestId } = asked.var
    const before = await idempotencyRecords.claim(idempotency, requestId, owner.payer)
    if (before.code !== 'claimed') return answers.repeat(idempotency.id, before)

    // A failed end does not change the answer: the key then counts as used.
    const end = (kept: string) =>
      idempotencyRecords
        .end(idempotency, requestId, kept)
        .catch((error: unknown) =>
          log('warn', 'claim_end_failed', { requestId, account: owner.account, error }),
        )
    const answer = await act().catch(async (error: unknown) => {
      await end(isRefusal(error) ? '' : ANSWER_GONE)
      throw error
    })
    const contentType = answer.headers.get('content-type') ?? ''
    const body = await answer.clone().text()
    await end(await answers.keep(idempotency.id, { status: answer.status, contentType, body, requestId }))
    return answer
  }
}

/**
 * The same rule as for reservations: an API key never gets an answer that its account or another API key got. Such an
 * answer may hold a new API key.
 */
function ownerName(owner: Owner): string {
  if (!owner.key) return owner.account
  const { id, secretHash } = owner.key
  return spenderId({ key: id, secretHash, scope: '' })
}

/** A fault may come after the act, so nobody knows whether the act was done; a refusal comes before it. */
function isRefusal(error: unknown): boolean {
  return error instanceof TwohopError && ERRORS[error.code].status < 500
}
