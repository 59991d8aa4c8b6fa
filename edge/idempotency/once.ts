import type { HonoRequest } from 'hono'
import { ERRORS, TwohopError } from '../../shared/errors.ts'
import type { Caller } from '../access/caller.ts'
import { spenderId } from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import { ANSWER_GONE } from '../store/idempotency-record.lua.ts'
import type { Answers } from './answers.ts'
import type { Claims } from './claims.ts'
import { idempotencyOf } from './key.ts'

/** What is needed of a request's context. */
type Asked = { req: HonoRequest; var: { requestId: string } }

type Options = { claims: Claims; answers: Answers; log: Log }

type Owner = Pick<Caller, 'account' | 'key'>

/**
 * Runs `act` and gives its answer, or the first answer to the same idempotency key of the same owner, who must have been
 * found allowed to do it; undefined for everybody.
 */
export type Once = (asked: Asked, owner: Owner | undefined, act: () => Promise<Response>) => Promise<Response>

/**
 * Idempotency keys for what reserves nothing: two round trips more where a request has one, none where it has not.
 * What was done under a key is never done again under it, even where the answer or the edge was lost; what was refused
 * may be tried again.
 */
export function createOnce({ claims, answers, log }: Options): Once {
  return async function once({ req, var: { requestId } }, owner, act) {
    const idempotency = await idempotencyOf(req, ownerName(owner))
    if (!idempotency) return act()
    const before = await claims.claim(idempotency, requestId)
    if (before.code !== 'claimed') return answers.repeat(idempotency.id, before)

    // An end that the store does not take changes no answer: left alone, the key counts as used.
    const end = (kept: string) =>
      claims
        .end(idempotency, requestId, kept)
        .catch((error: unknown) =>
          log('warn', 'claim_end_failed', { requestId, account: owner?.account, error }),
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

/** As for what reserves: an API key never sees what its account or another key was answered, be it a fresh key. */
function ownerName(owner: Owner | undefined): string {
  if (!owner?.key) return owner?.account ?? ''
  const { id, secretHash } = owner.key
  return spenderId({ key: id, secretHash, scope: '' })
}

/** A fault may come after the act: nobody knows whether it was done. */
function isRefusal(error: unknown): boolean {
  return error instanceof TwohopError && ERRORS[error.code].status < 500
}
