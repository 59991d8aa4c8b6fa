import { scopeOf } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { toBase64 } from '../../shared/from-base64.ts'
import type { JobInput, JobRecord } from '../../shared/jobs/record.ts'
import { inputsHash } from '../../shared/jobs/token.ts'
import { jsonBytes } from '../../shared/json-bytes.ts'
import { unitsOf } from '../../shared/units.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { PlanRefused } from '../access/plan-refused.ts'
import { OtherPlanError } from '../access/stored-plan.ts'
import type { Allowance, Budget, Idempotency, ReserveRequest } from '../budget/port.ts'
import { refused } from '../budget/refused.ts'
import { conflict } from '../idempotency/answers.ts'
import type { Log } from '../log/port.ts'
import { limitsOf } from '../metering/reservation.ts'
import { scopesOfWork } from '../parse/version.ts'
import { forOwnHosts } from '../parse/work.ts'
import { hostName, versionOf } from '../upstream/version.ts'
import { type Job, jobOf } from './job.ts'
import type { JobWork } from './parse.ts'
import type { JobStore } from './port.ts'
import { bytesOf } from './room.ts'
import type { SignJob } from './sign.ts'

type Options = {
  store: Pick<JobStore, 'enqueue' | 'cancel'>
  budget: Pick<Budget, 'settle'>
  sign: SignJob
  now: () => number
  /** Milliseconds from here to the job's deadline; at most 24 h. */
  jobTimeoutMs: number
  /** Milliseconds that one input may take. */
  inputTimeoutMs: number
  /** The most bytes that a job's inputs may take in a request to Redis. */
  inputBytes: number
  /** The most bytes that the jobs of all accounts may keep in Redis. */
  storeBytes: number
  log: Log
}

type Asked = {
  id: string
  /** The account that pays; the job's token names it. */
  account: string
  entitlement: Entitlement
  work: JobWork
  idempotency: Idempotency | undefined
  /** Keeps work alive after the answer. */
  background: (task: Promise<unknown>) => void
  /** The span that takes it in. */
  traceparent?: string | undefined
}

/** The job and what is left of its limits, or the id of the job taken in before under the same idempotency key. */
export type TakenIn = { job: Job; allowance: Allowance } | { before: string }

/** Milliseconds after a job's deadline in which it must be settled. Then the sweep charges the whole hold. */
const SETTLE_MS = 3_600_000

const HOUR_MS = 3_600_000

/** Takes in a job or refuses it. An accepted job is durable: the store reserves and enqueues in one step. */
export function createTakeIn(options: Options) {
  const { store, budget, sign, now, jobTimeoutMs, inputTimeoutMs, log } = options

  return async function takeIn(asked: Asked): Promise<TakenIn> {
    const { id, account, entitlement, work, idempotency, background, traceparent } = asked
    const { spender, plan } = entitlement
    const { model, task, path, works } = work
    const version = work.version ?? versionOf(model, account)
    const called = hostName(model, version)
    if (called === undefined)
      throw new TwohopError(
        'invalid_request',
        `Expected a model whose version of yours takes jobs, found ${model.id}: send the request without a job.`,
        { param: 'model' },
      )
    const inputs = works.map((one) =>
      JSON.stringify({
        body: { ...forOwnHosts(one), ...(called !== model.id && { model: called }) },
        ...(one.file && { file: toBase64(one.file) }),
        prompt_tokens: one.worst.promptTokens,
        output_tokens: one.worst.outputTokens,
      } satisfies JobInput),
    )
    if (jsonBytes(inputs) > options.inputBytes)
      throw new TwohopError('body_too_large', 'The inputs of this job are more than can be stored at once.')

    const { job_bytes: ofAccount, job_results_hours: keptHours } = plan.limits
    const { held, room } = bytesOf(works, inputs)
    const most = Math.min(ofAccount, options.storeBytes)
    if (held > most)
      throw new PlanRefused(
        'job_too_large',
        `This job and its results may take ${held} bytes, and all of your jobs together ${most}.`,
      )
    const createdAt = now()
    const deadline = createdAt + jobTimeoutMs
    const units = unitsOf(model.prices, {
      promptTokens: sum(works.map(({ worst }) => worst.promptTokens)),
      outputTokens: sum(works.map(({ worst }) => worst.outputTokens)),
      computeMs: model.prices.compute_second === 0 ? 0 : works.length * inputTimeoutMs,
    })
    const scope = scopeOf(task)
    const token = await sign({
      jti: id,
      sub: account,
      model: called,
      scope,
      path,
      inputs_sha256: await inputsHash(inputs),
      deadline,
      input_ms: inputTimeoutMs,
      weight: plan.weight,
      ...(traceparent !== undefined && { traceparent }),
    })
    const reserve: ReserveRequest = {
      requestId: id,
      spender: 'key' in spender ? { ...spender, scope: scopesOfWork(`jobs ${scope}`, work) } : spender,
      units,
      plan: plan.id,
      limits: { ...limitsOf(plan), concurrent: plan.limits.jobs },
      leaseMs: jobTimeoutMs + SETTLE_MS,
      model: model.id,
      version,
      task,
      idempotency,
    }
    const record = {
      model: called,
      ...(called !== model.id && { called: model.id }),
      ...(version !== undefined && { version }),
      task,
      path,
      count: String(works.length),
      token,
      created_at: String(createdAt),
      deadline: String(deadline),
      state: 'queued',
      plan: plan.id,
      key: 'key' in spender ? spender.key : '',
      reserved_units: String(units),
      prices: JSON.stringify(model.prices),
      room: String(room),
      kept_ms: String(keptHours * HOUR_MS),
    } satisfies Partial<Record<keyof (JobRecord & Job), string>>

    const bytes = { held, ofAccount, ofAll: options.storeBytes }
    const decision = await store
      .enqueue({ reserve, record, deadline, inputs, bytes })
      .catch((error: unknown) => {
        // With an idempotency key, a repetition finds the job. It could not tell a job that stays from one that is being
        // undone.
        if (!idempotency && error instanceof TwohopError && error.code === 'store_unavailable')
          background(
            undo(account, reserve).catch((fault: unknown) =>
              log('warn', 'job_release_failed', { requestId: id, account, error: fault }),
            ),
          )
        throw error
      })
    if (decision.granted) {
      const job = jobOf(id, { ...record, account, entry: '0-0' })
      return { job, allowance: decision.allowance }
    }
    if ('plan' in decision) throw new OtherPlanError(decision.plan)
    if ('allowance' in decision) throw refused(decision, now())
    if (decision.code === 'answered') return { before: decision.answer }
    throw conflict(decision.code)
  }

  /**
   * The store may have taken the job in although its answer was lost, and the client was told that there is no job. A
   * settlement of nothing and a cancellation remove the job, or bar it if it arrives late.
   */
  async function undo(account: string, { requestId, plan, model, task }: ReserveRequest): Promise<void> {
    await budget.settle({
      requestId,
      reserved: { account, units: 0, plan, model, task, key: '' },
      units: 0,
      promptTokens: 0,
      outputTokens: 0,
      computeMs: 0,
      outcome: 'refused',
    })
    await store.cancel(requestId, { account })
  }
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
