import { codeOf } from '../../shared/errors.ts'
import { ATTRIBUTE } from '../../shared/tracing/names.ts'
import { NO_SPAN, type Span } from '../../shared/tracing/port.ts'
import type { Allowance, Outcome } from '../budget/port.ts'
import type { Answer } from '../idempotency/answers.ts'
import type { Log } from '../log/port.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage, Spare } from '../upstream/port.ts'
import type { Bill } from './bill.ts'
import { callSpan, endCall } from './call-span.ts'
import type { Counts } from './counter.ts'

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
  chargeJudge(units: number, question?: string): void
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

/** What is known of a request once its reservation is granted. */
type Granted = Pick<
  Held,
  | 'requestId'
  | 'account'
  | 'plan'
  | 'version'
  | 'weight'
  | 'work'
  | 'reservedComputeMs'
  | 'allowance'
  | 'repeatable'
  | 'cacheable'
>

type Around = {
  bill: Bill
  /** The request's span. */
  span: Span
  /** Keeps work alive after the answer: settlement is off the response path. */
  background: (task: Promise<unknown>) => void
  now: () => number
  log: Log
}

/** What is used of a request of which nothing was computed. */
export const NOTHING: HostUsage = { promptTokens: 0, outputTokens: 0, computeMs: 0 }

/** The proof of a granted reservation, whose settlement ends it. */
export function heldOf(granted: Granted, { bill, span, background, now, log }: Around): Held {
  const { requestId, account, version, work } = granted
  const { startedMs } = bill
  /** When the last try can have begun. */
  let tried = startedMs
  let call = NO_SPAN
  let calledMs = 0
  let stream = NO_SPAN
  const settled = Promise.withResolvers<void>()
  background(settled.promise)
  let open = true
  return {
    ...granted,
    elapsedMs: () => Math.max(0, Math.ceil(now() - tried)),
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
      if (saidMs !== undefined) bill.first(Math.min(now(), calledMs + saidMs))
      else if (bill.firstMs() === undefined) bill.first(now())
    },
    chargeJudge(units, question = '') {
      bill.chargeJudge(units, question)
    },
    spare:
      (work.model.tries ?? 1) > 1
        ? {
            lost(used) {
              bill.loseTry(used)
              tried = now()
            },
          }
        : undefined,
    settled: settled.promise,
    brokeOff(error) {
      call.fail(codeOf(error))
      background(log('warn', 'stream_failed', { requestId, account, error }))
    },
    settle(outcome, used, answer) {
      if (!open) return
      open = false
      stream.end()
      const firstMs = bill.firstMs()
      if (firstMs !== undefined) call.set(ATTRIBUTE.firstChunk, (startedMs + firstMs - calledMs) / 1000)
      endCall(call, outcome, used)
      const settling = span.child('settle')
      // If the settlement fails for good, the sweep charges the whole hold.
      settling
        .run(() => bill.settle({ account, version }, outcome, used ?? NOTHING, answer))
        .catch((error: unknown) => {
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
