import { type Model, scopeOf } from '../../shared/catalog.ts'
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
  Spender,
} from '../budget/port.ts'
import { refused } from '../budget/refused.ts'
import type { Answer, Answers } from '../idempotency/answers.ts'
import type { Log } from '../log/port.ts'
import type { WebhookEvent } from '../notify/webhook.ts'
import { JUDGE_MS } from '../parse/judged.ts'
import { scopesOfWork } from '../parse/version.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage, Spare } from '../upstream/port.ts'
import { onlyVersion, versionOf } from '../upstream/version.ts'
import type { AnswerCache } from './cache.ts'
import { callSpan, endCall } from './call-span.ts'
import type { Counts } from './counter.ts'
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
  /** Milliseconds since the reservation, or since a first try was given up. The host cannot have computed longer. */
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
  /** Notes that a stream has begun. */
  begun(): void
  /**
   * Notes that the first of a stream has come: now, where nothing is known yet, or as its host says, so many milliseconds
   * after it took the request in.
   */
  first(saidMs?: number): void
  /**
   * What a call to a classifier cost, in units. It is charged whatever becomes of the request.
   * @param call what the call is named; what is said of it later counts
   */
  chargeJudge(units: number, call?: string): void
  /** Whether what judges the answer has ended it. */
  judgedOut?: boolean
  /** What the host of a judged stream has said so far that it produced: more than what has been judged and has left. */
  seenByJudge?(): Counts | undefined
  /** A second try, where the reservation covers one. */
  spare: Spare | undefined
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
  /** Does what follows the suspension of a spender's account by its score. Must not throw. */
  suspended: (spender: Spender, why: string) => Promise<unknown>
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
    const { tries = 1 } = work.model
    const reservedComputeMs = prices.compute_second === 0 ? 0 : requestTimeoutMs

    // An answer under an idempotency key is kept anyhow.
    const cacheRequest = idempotency ? undefined : await cache?.request(work, plan, version)
    const request: ReserveRequest = {
      requestId,
      // An API key's scopes are in its record only, so the store checks them.
      spender: 'key' in spender ? { ...spender, scope: scopesOfWork(scopeOf(work.task), work) } : spender,
      units:
        tries * unitsOf(prices, { ...work.worst, computeMs: reservedComputeMs }) +
        judgeUnits(work, requestTimeoutMs),
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
      const first = lost && lostWithin(work, reservedComputeMs, await lost)
      const { crossed } = await budget.settle({
        requestId,
        reserved: reservedBy({ ...request, version }, account),
        units: unitsOf(prices, used) + (first ? unitsOf(prices, first) : 0) + sumOf(judging),
        promptTokens: used.promptTokens + (first?.promptTokens ?? 0),
        outputTokens: used.outputTokens + (first?.outputTokens ?? 0),
        computeMs: used.computeMs + (first?.computeMs ?? 0),
        outcome,
        ...(request.watched && { maxed: isMaxed(work, used) }),
        measured: { totalMs: now() - started, firstMs },
        idempotency: await kept(answer),
        cache: await cachedFor(account, outcome === 'ok' ? answer : undefined),
      })
      await notify(crossed)
    }

    const started = now()
    /** When the last try can have begun. */
    let tried = started
    const judging = new Map<string, number>()
    /** What a first try computed whose answer did not come. */
    let lost: Promise<HostUsage | undefined> | undefined
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
      return giveAgain({
        request: { ...request, version },
        cache: cacheRequest,
        form: work.form,
        decision,
        background,
      })
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
      elapsedMs: () => Math.max(0, Math.ceil(now() - tried)),
      allowance: decision.allowance,
      repeatable: idempotency !== undefined,
      cacheable: cacheRequest !== undefined,
      calling() {
        calledMs = now()
        call = callSpan(span, work, version)
        return call
      },
      begun() {
        stream = call.child('stream')
      },
      first(saidMs) {
        if (!work.stream) return
        if (saidMs === undefined) firstMs ??= now() - started
        else firstMs = Math.min(now(), calledMs + saidMs) - started
      },
      chargeJudge(units, call = '') {
        judging.set(call, units)
      },
      spare:
        tries > 1
          ? {
              lost(used) {
                lost = used.catch(() => undefined)
                tried = now()
              },
            }
          : undefined,
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
        if (firstMs !== undefined) call.set(ATTRIBUTE.firstChunk, (started + firstMs - calledMs) / 1000)
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

/**
 * What is charged of a try whose answer did not come: what is known of it, within what was reserved for it. Of more than that
 * all of it is.
 */
function lostWithin({ worst }: Work, most: number, used: HostUsage | undefined): HostUsage | undefined {
  if (!used) return undefined
  const { promptTokens, outputTokens, computeMs } = used
  const within = promptTokens <= worst.promptTokens && outputTokens <= worst.outputTokens
  const time = most === 0 ? computeMs : Math.min(computeMs, most)
  const charged = within ? used : worst
  return { promptTokens: charged.promptTokens, outputTokens: charged.outputTokens, computeMs: time }
}

const sumOf = (units: ReadonlyMap<string, number>) => [...units.values()].reduce((sum, one) => sum + one, 0)

/** The most that judging a request and its answer may cost. */
function judgeUnits({ judged, answerJudged }: Work, requestTimeoutMs: number): number {
  const unitsFor = ({ prices }: Model, promptTokens: number, ms: number) =>
    unitsOf(prices, { promptTokens, outputTokens: 0, computeMs: prices.compute_second === 0 ? 0 : ms })
  return (
    (judged ? unitsFor(judged.work.model, judged.work.worst.promptTokens, JUDGE_MS) : 0) +
    // One after the other, before the request's own deadline.
    (answerJudged
      ? unitsFor(answerJudged.model, answerJudged.pieces * answerJudged.model.context, requestTimeoutMs)
      : 0)
  )
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
