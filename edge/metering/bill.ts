import { unitsOf } from '../../shared/units.ts'
import type { Budget, Crossing, Outcome, ReserveRequest, Settlement } from '../budget/port.ts'
import type { Answer, Answers } from '../idempotency/answers.ts'
import type { Log } from '../log/port.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage } from '../upstream/port.ts'
import type { AnswerCache } from './cache.ts'
import { isMaxed } from './odd.ts'
import { reservedBy } from './reserved-by.ts'

export type BillOptions = {
  budget: Pick<Budget, 'settle'>
  answers: Pick<Answers, 'keep'>
  /** Answers that models of the catalog let be given again; without it none are. */
  cache?: Pick<AnswerCache, 'keep'> | undefined
  now: () => number
  /** Called after the answer with the thresholds that a settlement crossed. Must not throw. */
  notify: (crossed: readonly Crossing[]) => Promise<void>
  log: Log
}

/** Whose request it is that is settled, and by which version it was computed, once both are known. */
type Payer = { account: string; version: string | undefined }

/** What a request has come to beside its answer, until its settlement charges it. */
export type Bill = ReturnType<ReturnType<typeof createBills>>

/** Makes the bill of one request, at the moment at which it is reserved. */
export function createBills({ budget, answers, cache, now, notify, log }: BillOptions) {
  return function billOf(request: ReserveRequest, work: Work, computeMs: number) {
    const { requestId, idempotency, cache: cacheRequest, watched } = request
    const { prices } = work.model
    const startedMs = now()
    const judging = new Map<string, number>()
    let lost: Promise<HostUsage | undefined> | undefined
    let firstMs: number | undefined

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
    async function kept(
      answer: Answer | undefined,
      version: string | undefined,
    ): Promise<Settlement['idempotency']> {
      if (!idempotency) return undefined
      const { id } = idempotency
      return { id, answer: answer && (await answers.keep(id, { ...answer, requestId, version })) }
    }

    return {
      /** When it was reserved, by `now`. */
      startedMs,
      /** Milliseconds from its reservation to the first of its stream, once that is known. */
      firstMs: () => firstMs,
      /** Notes when the first of its stream came, by `now`. */
      first(atMs: number): void {
        firstMs = atMs - startedMs
      },
      /** What a first try computed whose answer did not come. */
      loseTry(used: Promise<HostUsage | undefined>): void {
        lost = used.catch(() => undefined)
      },
      /** What a call to a classifier cost, in units; what is said of it later counts. */
      chargeJudge(units: number, question: string): void {
        judging.set(question, units)
      },
      /** Settles it: all of this, and what the answer has used. @throws what Budget.settle throws */
      async settle(
        { account, version }: Payer,
        outcome: Outcome,
        used: HostUsage,
        answer?: Answer,
      ): Promise<void> {
        const first = lost && lostWithin(work, computeMs, await lost)
        const { crossed } = await budget.settle({
          requestId,
          reserved: reservedBy({ ...request, version }, account),
          units: unitsOf(prices, used) + (first ? unitsOf(prices, first) : 0) + sumOf(judging),
          promptTokens: used.promptTokens + (first?.promptTokens ?? 0),
          outputTokens: used.outputTokens + (first?.outputTokens ?? 0),
          computeMs: used.computeMs + (first?.computeMs ?? 0),
          outcome,
          ...(watched && { maxed: isMaxed(work, used) }),
          measured: { totalMs: now() - startedMs, firstMs },
          idempotency: await kept(answer, version),
          cache: await cachedFor(account, outcome === 'ok' ? answer : undefined),
        })
        await notify(crossed)
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
