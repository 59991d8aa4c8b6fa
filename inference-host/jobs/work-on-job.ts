import { codeOf, TwohopError } from '../../shared/errors.ts'
import { ATTRIBUTE } from '../../shared/tracing/names.ts'
import { NO_SPAN, type Span, type Tracer } from '../../shared/tracing/port.ts'
import { parseTraceparent } from '../../shared/tracing/traceparent.ts'
import { faultOf } from '../platform/fault.ts'
import { type Computed, type ComputeOptions, createCompute, type Signals } from './compute.ts'
import { persist } from './persist.ts'
import type { ClaimedJob, JobEnd, JobStore } from './port.ts'
import type { VerifiedJob, VerifyJob } from './verify.ts'

/** Works on a job until it has ended, is another's, or the host drains. */
export type WorkOnJob = (job: ClaimedJob, signals: Signals) => Promise<void>

type Options = ComputeOptions & {
  store: Pick<JobStore, 'end' | 'release'>
  verify: VerifyJob
  /** Traces jobs; undefined where nothing is traced. */
  tracer?: Tracer | undefined
}

/** Works on jobs over a store that may be away. A job that does not verify is ended as failed. */
export function createWorkOnJob(options: Options): WorkOnJob {
  const { store, verify, tracer, log, backoff, now = Date.now } = options
  const compute = createCompute(options)

  return async function work(claimed, signals) {
    const began = now()
    const { id, model } = claimed
    let away = false
    const retrying = {
      ...backoff,
      signal: signals.giveUp,
      onFailure(error: unknown) {
        if (!away) log('job_store_away', { id, model, ...faultOf(error) })
        away = true
      },
    }
    const end = (outcome: JobEnd) => persist(() => store.end(claimed, outcome), retrying)

    let job: VerifiedJob
    try {
      job = await verify(claimed)
    } catch (error) {
      const known = error instanceof TwohopError
      log('job_refused', {
        id,
        model,
        ...(known ? { code: error.code } : { code: 'internal', ...faultOf(error) }),
      })
      await end('failed')
      return
    }
    const span = tracer?.begin(`job ${model}`, parseTraceparent(job.traceparent)) ?? NO_SPAN
    span.set(ATTRIBUTE.job, id)
    // Its inputs come under its span.
    const own = { ...job, traceparent: span.traceparent }
    const { halted, left, sum } = await compute(claimed, own, signals).catch((error: unknown) => {
      span.fail(codeOf(error))
      span.end()
      throw error
    })
    endSpan(span, sum, halted)
    const fields = { id, model, ms: now() - began, ...sum }
    if (halted === 'lost' || signals.giveUp.aborted) return log('job_lost', fields)
    const state = left === 0 ? 'done' : halted
    const known = await (state === undefined ? persist(() => store.release(claimed), retrying) : end(state))
    if (known !== 'ok') return log('job_lost', fields)
    if (state === undefined) log('job_released', { ...fields, left })
    else log('job_ended', { ...fields, state })
  }
}

/** Ends a job's span with what this host has done of it. */
function endSpan(span: Span, sum: Computed['sum'], halted: Computed['halted']): void {
  span.set(ATTRIBUTE.inputs, sum.done)
  span.set(ATTRIBUTE.failed, sum.failed)
  span.set(ATTRIBUTE.inputTokens, sum.prompt_tokens)
  span.set(ATTRIBUTE.outputTokens, sum.output_tokens)
  span.set(ATTRIBUTE.computeMs, sum.compute_ms)
  if (halted !== undefined) span.fail(halted)
  span.end()
}
