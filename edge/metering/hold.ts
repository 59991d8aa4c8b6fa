import { scopeOf } from '../../shared/catalog.ts'
import { codeOf, TwohopError } from '../../shared/errors.ts'
import { ATTRIBUTE } from '../../shared/tracing/names.ts'
import { NO_SPAN, type Span } from '../../shared/tracing/port.ts'
import { unitsOf } from '../../shared/units.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { OtherPlanError } from '../access/stored-plan.ts'
import type { Whence } from '../budget/anomaly.ts'
import type {
  Allowance,
  Budget,
  Crossing,
  Idempotency,
  Limits,
  Outcome,
  ReserveRequest,
  Settlement,
} from '../budget/port.ts'
import { refused } from '../budget/refused.ts'
import type { Answer, Answers } from '../idempotency/answers.ts'
import type { Log } from '../log/port.ts'
import type { WebhookEvent } from '../notify/webhook.ts'
import { JUDGE_MS } from '../parse/judged.ts'
import { scopesOfWork } from '../parse/version.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage } from '../upstream/port.ts'
import { onlyVersion, versionOf } from '../upstream/version.ts'
import type { AnswerCache } from './cache.ts'
import { callSpan, endCall } from './call-span.ts'
import { createGiveAgain, type Hit } from './give-again.ts'
import { createTellOdd, isMaxed, watchedBy } from './odd.ts'
import { reservedBy } from './reserved-by.ts'

/** Proof that the worst case of a request is reserved. A call to the host does not compile without one. */
export type Held = {
  requestId: string
  account: string
  plan: string
  /** The version of the model that computes it, where the model has versions. */
  version: string | undefined
  /** The plan's share of a busy host, relative to other accounts. */
  weight: number
  work: Work
  /** Compute milliseconds that the reservation covers: up to the deadline; 0 where the model's compute has no price. */
  reservedComputeMs: number
  /** Milliseconds since the reservation. The host cannot have computed longer. */
  elapsedMs(): number
  allowance: Allowance
  /** Whether a whole answer is kept for a repetition with the same idempotency key. */
  repeatable: boolean
  /** Whether a whole answer is kept for whoever asks the same. */
  cacheable: boolean
  /**
   * Replaces the hold by what was used. Only the first call has an effect.
   * @param answer what the client got, if it is whole
   */
  settle(outcome: Outcome, used: HostUsage | undefined, answer?: Answer): void
  /** Begins the span of the call to the model. The settlement ends it. */
  calling(): Span
  /** Notes that the first of the answer has come. Only the first call has an effect. */
  begun(): void
  /** What the judging of the request cost, in units. It is charged whatever becomes of the request. */
  chargeJudge(units: number): void
  /** Resolves once the settlement is made, or has failed for good. */
  settled: Promise<void>
  /** Logs why a stream broke off. Its client had already been answered 200. */
  brokeOff(error: unknown): void
}

type Options = {
  budget: Budget
  answers: Answers
  /** Answers that models of the catalog let be given again; without it none are. */
  cache?: AnswerCache | undefined
  /** Milliseconds from the reservation to the host's deadline. */
  requestTimeoutMs: number
  /** Milliseconds that a lease outlives the deadline, so that the sweep never takes a request that still runs. */
  leaseSlackMs: number
  now: () => number
  /** Called after the answer with the thresholds that a settlement crossed. Must not throw. */
  notify: (crossed: readonly Crossing[]) => Promise<void>
  /** Tells the operator of an account that its score has suspended. Must not throw. */
  tell: (event: WebhookEvent) => Promise<unknown>
  log: Log
}

const NOTHING: HostUsage = { promptTokens: 0, outputTokens: 0, computeMs: 0 }

/**
 * Reserves the worst case of a request, or refuses it. A repeated request gets the first answer.
 * @param background keeps work alive after the answer: settlement is off the response path
 * @throws TwohopError with the refusal's code, store_unavailable or what Answers.repeat throws; OtherPlanError
 */
export function createHold(options: Options) {
  const { budget, answers, cache, requestTimeoutMs, leaseSlackMs, now, notify, log } = options
  const tellOdd = createTellOdd(options)
  const giveAgain = createGiveAgain(options)
  return async function hold(
    requestId: string,
    { spender, plan }: Entitlement,
    work: Work,
    background: (task: Promise<unknown>) => void,
    idempotency?: Idempotency,
    whence: () => Promise<Whence> = async () => ({}),
    span = NO_SPAN,
  ): Promise<Held | Hit | Response> {
    const { prices } = work.model
    const named = 'account' in spender ? spender.account : undefined
    // Whose an API key is only its record says. Such a request has its version from its settlement on.
    let version =
      work.version ?? (named === undefined ? onlyVersion(work.model) : versionOf(work.model, named))
    const reservedComputeMs = prices.compute_second === 0 ? 0 : requestTimeoutMs

    // An answer under an idempotency key is kept anyhow.
    const cacheRequest = idempotency ? undefined : await cache?.request(work, plan, version)
    const request: ReserveRequest = {
      requestId,
      // An API key's scopes are in its record only, so the store checks them.
      spender: 'key' in spender ? { ...spender, scope: scopesOfWork(scopeOf(work.task), work) } : spender,
      units: unitsOf(prices, { ...work.worst, computeMs: reservedComputeMs }) + judgeUnits(work),
      plan: plan.id,
      limits: limitsOf(plan),
      leaseMs: requestTimeoutMs + leaseSlackMs + (work.judged ? JUDGE_MS : 0),
      model: work.model.id,
      version,
      task: work.task,
      idempotency,
      watched: await watchedBy(plan, whence),
      cache: cacheRequest,
    }

    /** The answer as it is kept for whoever asks the same. */
    async function cachedFor(account: string, answer: Answer | undefined): Promise<Settlement['cache']> {
      if (!cache || !cacheRequest || !answer) return undefined
      // What it cost is charged all the same.
      const sealed = await cache
        .keep(cacheRequest, account, requestId, answer)
        .catch(async (error: unknown) => {
          await log('error', 'answer_not_kept', { requestId, error })
          return undefined
        })
      return sealed === undefined ? undefined : { request: cacheRequest, answer: sealed }
    }

    /** What the record of the idempotency key will hold. Without an answer, a repetition is a new attempt. */
    async function kept(answer: Answer | undefined): Promise<Settlement['idempotency']> {
      if (!idempotency) return undefined
      const { id } = idempotency
      return { id, answer: answer && (await answers.keep(id, { ...answer, requestId, version })) }
    }

    async function settlement(
      account: string,
      outcome: Outcome,
      used: HostUsage,
      answer?: Answer,
    ): Promise<void> {
      const { crossed } = await budget.settle({
        requestId,
        reserved: reservedBy({ ...request, version }, account),
        units: unitsOf(prices, used) + judging,
        promptTokens: used.promptTokens,
        outputTokens: used.outputTokens,
        computeMs: used.computeMs,
        outcome,
        ...(request.watched && { maxed: isMaxed(work, used) }),
        measured: { totalMs: now() - started, firstMs },
        idempotency: await kept(answer),
        cache: await cachedFor(account, outcome === 'ok' ? answer : undefined),
      })
      await notify(crossed)
    }

    const started = now()
    let judging = 0
    let firstMs: number | undefined
    const decision = await budget.reserve(request).catch((error: unknown) => {
      // The hold may exist although its reply was lost. A settlement of nothing frees it, or bars it if it arrives
      // late.
      if (error instanceof TwohopError && error.code === 'store_unavailable')
        background(
          settlement('', 'refused', NOTHING).catch((fault: unknown) =>
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

    if (decision.anomaly) tellOdd(requestId, spender, decision.account, decision, background)
    version ??= versionOf(work.model, decision.account)
    if (decision.cached && cacheRequest)
      return giveAgain({ request: { ...request, version }, cache: cacheRequest, decision, background })
    let call = NO_SPAN
    let calledMs = 0
    let stream = NO_SPAN
    const settled = Promise.withResolvers<void>()
    background(settled.promise)
    let open = true
    return {
      requestId,
      account: decision.account,
      plan: plan.id,
      version,
      weight: plan.weight,
      work,
      reservedComputeMs,
      elapsedMs: () => Math.max(0, Math.ceil(now() - started)),
      allowance: decision.allowance,
      repeatable: idempotency !== undefined,
      cacheable: cacheRequest !== undefined,
      calling() {
        calledMs = now()
        call = callSpan(span, work, version)
        return call
      },
      begun() {
        if (firstMs !== undefined) return
        firstMs = now() - started
        call.set(ATTRIBUTE.firstChunk, (now() - calledMs) / 1000)
        stream = call.child('stream')
      },
      chargeJudge(units) {
        judging = units
      },
      settled: settled.promise,
      brokeOff(error) {
        const { account } = decision
        call.fail(codeOf(error))
        background(log('warn', 'stream_failed', { requestId, account, error }))
      },
      settle(outcome, used, answer) {
        if (!open) return
        open = false
        stream.end()
        endCall(call, outcome, used)
        const settling = span.child('settle')
        // If the settlement fails for good, the sweep charges the whole hold.
        settling
          .run(() => settlement(decision.account, outcome, used ?? NOTHING, answer))
          .catch((error: unknown) => {
            const { account } = decision
            settling.fail(codeOf(error))
            return log('error', 'settlement_failed', { requestId, account, error, detail: { outcome } })
          })
          .finally(() => {
            settling.end()
            settled.resolve()
          })
      },
    }
  }
}

/** The most that judging a request may cost. */
function judgeUnits({ judged }: Work): number {
  if (!judged) return 0
  const { model, worst } = judged.work
  return unitsOf(model.prices, { ...worst, computeMs: model.prices.compute_second === 0 ? 0 : JUDGE_MS })
}

/** A plan's limits in the budget's form. */
export function limitsOf(plan: Entitlement['plan']): Limits {
  return {
    requestsPerMinute: plan.limits.requests_per_minute,
    concurrent: plan.limits.concurrent,
    budgets: plan.budgets,
    billingDay: plan.billing_day,
  }
}
