import { TwohopError } from '../../shared/errors.ts'
import type {
  Allowance,
  Budget,
  CacheRequest,
  Crossing,
  Reservation,
  ReserveRequest,
} from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import type { AnswerForm } from '../write/form.ts'
import type { AnswerCache } from './cache.ts'
import { reservedBy } from './reserved-by.ts'

/** An answer of before, given again: what its caller gets beside it. */
export type Hit = { answer: Response; account: string; version: string | undefined; allowance: Allowance }

type Options = {
  budget: Budget
  cache?: AnswerCache | undefined
  notify: (crossed: readonly Crossing[]) => Promise<void>
  log: Log
}

type Found = {
  /** What was reserved, with the version of the model that the answer is of. */
  request: ReserveRequest
  cache: CacheRequest
  /** How the client's API writes it; undefined where it gets the host's own. */
  form?: AnswerForm | undefined
  decision: Reservation
  background: (task: Promise<unknown>) => void
}

/**
 * Gives an answer of before again, and charges the share of its price that is held. Nothing is computed.
 * @throws TwohopError internal where the answer cannot be read. Then nothing is charged.
 */
export function createGiveAgain({ budget, cache, notify, log }: Options) {
  async function charge({ request, decision }: Found, held: number, isGiven: boolean): Promise<void> {
    const { crossed } = await budget.settle({
      requestId: request.requestId,
      reserved: reservedBy({ ...request, units: held }, decision.account),
      units: isGiven ? held : 0,
      promptTokens: 0,
      outputTokens: 0,
      computeMs: 0,
      outcome: isGiven ? 'ok' : 'failed',
    })
    await notify(crossed)
  }

  return async function giveAgain(found: Found): Promise<Hit> {
    const { request, decision, background } = found
    const { requestId, version } = request
    const { account, allowance, cached } = decision
    const answer = cached && (await cache?.answer(found.cache, account, requestId, cached.answer, found.form))
    background(
      charge(found, cached?.units ?? 0, answer !== undefined).catch((error: unknown) =>
        log('error', 'settlement_failed', { requestId, account, error }),
      ),
    )
    if (answer) return { answer, account, version, allowance }
    throw new TwohopError('internal', 'The answer of before cannot be read.')
  }
}
