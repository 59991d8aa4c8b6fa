import { TwohopError } from '../../shared/errors.ts'
import { NO_SPAN } from '../../shared/tracing/port.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { OtherPlanError } from '../access/stored-plan.ts'
import type { Whence } from '../budget/anomaly.ts'
import type { Budget, Idempotency, Spender } from '../budget/port.ts'
import { refused } from '../budget/refused.ts'
import type { Answers } from '../idempotency/answers.ts'
import type { WebhookEvent } from '../notify/webhook.ts'
import type { Work } from '../parse/work.ts'
import { onlyVersion, versionOf } from '../upstream/version.ts'
import { type BillOptions, createBills } from './bill.ts'
import type { AnswerCache } from './cache.ts'
import { createGiveAgain, type Hit } from './give-again.ts'
import { type Held, heldOf, NOTHING } from './held.ts'
import { createTellOdd, watchedBy } from './odd.ts'
import { computeMsHeld, type HoldTimes, reservationOf } from './reservation.ts'

type Options = Omit<BillOptions, 'budget' | 'answers' | 'cache'> &
  HoldTimes & {
    budget: Budget
    answers: Answers
    /** Answers that models of the catalog let be given again; without it none are. */
    cache?: AnswerCache | undefined
    /** Tells the operator of an account that its score has suspended. Must not throw. */
    tell: (event: WebhookEvent) => Promise<unknown>
    /** Does what follows the suspension of a spender's account by its score. Must not throw. */
    suspended: (spender: Spender, why: string) => Promise<unknown>
  }

/**
 * Reserves the worst case of a request, or refuses it. A repeated request gets the first answer.
 * @param background keeps work alive after the answer: settlement is off the response path
 * @throws TwohopError with the refusal's code, store_unavailable or what Answers.repeat throws; OtherPlanError
 */
export function createHold(options: Options) {
  const { budget, answers, cache, requestTimeoutMs, now, log } = options
  const tellOdd = createTellOdd(options)
  const giveAgain = createGiveAgain(options)
  const billOf = createBills(options)
  return async function hold(
    requestId: string,
    entitlement: Entitlement,
    work: Work,
    background: (task: Promise<unknown>) => void,
    idempotency?: Idempotency,
    whence: () => Promise<Whence> = async () => ({}),
    span = NO_SPAN,
  ): Promise<Held | Hit | Response> {
    const { spender, plan } = entitlement
    const named = 'account' in spender ? spender.account : undefined
    // Whose an API key is only its record says. Such a request has its version from its settlement on.
    let version =
      work.version ?? (named === undefined ? onlyVersion(work.model) : versionOf(work.model, named))
    // An answer under an idempotency key is kept anyhow.
    const cacheRequest = idempotency ? undefined : await cache?.request(work, plan, version)
    const watched = await watchedBy(plan, whence)
    const moment = { requestId, version, idempotency, watched, cache: cacheRequest }
    const request = reservationOf(moment, entitlement, work, options)
    const reservedComputeMs = computeMsHeld(work, requestTimeoutMs)
    const bill = billOf(request, work, reservedComputeMs)

    const decision = await budget.reserve(request).catch((error: unknown) => {
      // The hold may exist although its reply was lost. A settlement of nothing frees it, or bars it if it arrives
      // late.
      if (error instanceof TwohopError && error.code === 'store_unavailable')
        background(
          bill
            .settle({ account: '', version }, 'refused', NOTHING)
            .catch((fault: unknown) =>
              log('warn', 'release_failed', { requestId, account: named, error: fault }),
            ),
        )
      throw error
    })
    if (!decision.granted) {
      if ('plan' in decision) throw new OtherPlanError(decision.plan)
      if ('anomaly' in decision) tellOdd(requestId, spender, named ?? '', decision, background)
      if ('allowance' in decision) throw refused(decision, now())
      return answers.repeat(idempotency?.id ?? '', decision)
    }

    const { account, allowance } = decision
    if (decision.anomaly) tellOdd(requestId, spender, account, decision, background)
    version ??= versionOf(work.model, account)
    if (decision.cached && cacheRequest)
      return giveAgain({
        request: { ...request, version },
        cache: cacheRequest,
        form: work.form,
        decision,
        background,
      })
    const granted = {
      ...{
        requestId,
        account,
        plan: plan.id,
        version,
        weight: plan.weight,
        work,
        reservedComputeMs,
        allowance,
      },
      repeatable: idempotency !== undefined,
      cacheable: cacheRequest !== undefined,
    }
    return heldOf(granted, { bill, span, background, now, log })
  }
}
