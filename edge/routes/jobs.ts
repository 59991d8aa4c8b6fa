import type { Context, Handler } from 'hono'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { hasEnded } from '../../shared/jobs/record.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { NO_SPAN } from '../../shared/tracing/port.ts'
import { wait } from '../../shared/wait.ts'
import { type Caller, requireScope } from '../access/caller.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { CountAct } from '../access/rate.ts'
import type { ApiKeyStore } from '../api-keys/port.ts'
import type { Budget, Crossing } from '../budget/port.ts'
import type { KeepPrompt } from '../guard/keep-prompt.ts'
import { policyOf } from '../guard/policy.ts'
import { idempotencyOf } from '../idempotency/key.ts'
import { accountOf, type Credential } from '../identity/principal.ts'
import { jobEvents } from '../jobs/events.ts'
import { guardedResults } from '../jobs/guarded-results.ts'
import { type Job, shownJob } from '../jobs/job.ts'
import { parseJob } from '../jobs/parse.ts'
import type { JobStore } from '../jobs/port.ts'
import { createSettleJobs } from '../jobs/settle.ts'
import type { SignJob } from '../jobs/sign.ts'
import { createTakeIn } from '../jobs/take-in.ts'
import type { Log } from '../log/port.ts'
import { jsonBody } from '../parse/body.ts'
import { atVersion, VERSION_HEADER } from '../parse/version.ts'
import type { UpstreamCaller } from '../upstream/port.ts'
import type { Env } from './env.ts'
import { findingsTo } from './findings.ts'
import { traced } from './step.ts'

export type JobsOptions = {
  store: JobStore
  sign: SignJob
  /** Milliseconds from a job's request to its deadline; at most 24 h. */
  timeoutMs: number
  /** The largest body of `POST /v1/jobs`, in bytes. */
  bodyBytes: number
  /** The most bytes that the jobs of all accounts may keep in Redis. */
  storeBytes: number
  /** Moves large results of a settled job to another store; never throws. */
  moveResults?: ((job: Job) => Promise<void>) | undefined
}

type Options = {
  jobs: JobsOptions
  authenticate: (c: Context) => Promise<Credential>
  withStoredPlan: <T>(credential: Credential, attempt: (entitlement: Entitlement) => Promise<T>) => Promise<T>
  callerOf: (c: Context) => Promise<Caller>
  apiKeys: Pick<ApiKeyStore, 'get'>
  countAct: CountAct
  budget: Pick<Budget, 'settle'>
  notify: (crossed: readonly Crossing[]) => Promise<void>
  host: Pick<UpstreamCaller, 'wake'>
  /** Keeps what is asked; undefined where nobody wants that. */
  keepPrompt: KeepPrompt | undefined
  log: Log
  /** Milliseconds that one input of a job, and a stream of events, may take. */
  requestTimeoutMs: number
  now: () => number
}

/** The inputs go to Redis as text within text: each quote takes one byte more. The body's limit leaves a quarter. */
const SENT_TO_TAKEN = 1.25

/** Milliseconds between two calls to hosts for refused jobs of one model, and models that are remembered. */
const CALL_MS = 5000
const MOST_MODELS = 100

const JOB_ID = /^job_[\w-]{1,64}$/

export const Page = z.strictObject({
  /** Results of indexes above this. */
  after: z.coerce.number().int().min(-1).max(1000).default(-1),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

/** `/v1/jobs`: long work that is accepted at once and done later. */
export function jobRoutes(options: Options) {
  const { store } = options.jobs
  const reader = readerOf(options)
  const settledIfEnded = settlerOf(options)
  const wake = wakerOf(options)

  return {
    'POST /v1/jobs': postJob(options),
    'GET /v1/jobs': async (c) => {
      const { account } = await reader(c)
      const open = await store.open(account)
      return c.json({ object: 'list', data: open.filter((job) => job.account === account).map(shownJob) })
    },
    'GET /v1/jobs/:id': async (c) => {
      const { account, plan } = await reader(c)
      const { after, limit } = parseAs(Page, c.req.query())
      const id = c.req.param('id') ?? ''
      const found = JOB_ID.test(id) ? await store.read(id, after, limit) : undefined
      const job = await settledIfEnded(c, mine(found?.job, account))
      const { results = [], more } = found?.page ?? {}
      const shown = guardedResults(results, policyOf(plan), c.var.requestId, findingsTo(options.log, c))
      return c.json({ ...shownJob(job), results: shown, has_more: more })
    },
    'GET /v1/jobs/:id/events': async (c) => followJob(options, c, await reader(c), c.req.param('id') ?? ''),
    'DELETE /v1/jobs/:id': async (c) => {
      const { account, payer } = await reader(c)
      const id = c.req.param('id') ?? ''
      const cancelled = JOB_ID.test(id) ? await store.cancel(id, { caller: payer }) : undefined
      const job = await settledIfEnded(c, mine(cancelled, account))
      if (!hasEnded(job.state)) wake(c, job)
      return accepted(c, job)
    },
  } satisfies Record<string, Handler<Env>>
}

/** Finds the caller who reads jobs. Reads reserve nothing, so their rate is limited instead. */
function readerOf({ callerOf, countAct }: Options) {
  return async function reader(c: Context): Promise<Caller> {
    const caller = await callerOf(c)
    requireScope(caller, 'jobs', 'some plans, or an API key that was given it')
    await countAct(`jobs of ${caller.account}`)
    return caller
  }
}

/** Gives the job, settled if it has ended. If the store cannot settle it now, the cron does so later. */
function settlerOf(options: Options) {
  const { store, moveResults: move } = options.jobs
  return function settledIfEnded(c: Context<Env>, job: Job): Promise<Job> {
    // A reader of a job waits neither for the operator's webhook nor for another store.
    const notify: Options['notify'] = async (crossed) => c.env.background(options.notify(crossed))
    const moveResults = move && (async (ended: Job) => c.env.background(move(ended)))
    return createSettleJobs({ ...options, store, notify, moveResults }).settledOrLater(job)
  }
}

/** Calls a host for jobs of a model, behind the answer. */
function wakerOf({ host }: Options) {
  return function wake(c: Context<Env>, { account, model }: Pick<Job, 'account' | 'model'>): void {
    c.env.background(host.wake({ requestId: c.var.requestId, account, model }))
  }
}

/** `POST /v1/jobs`: authenticate; account; entitlement; parse; reserve and enqueue; wake a host. */
function postJob(options: Options) {
  const { jobs, authenticate, withStoredPlan, apiKeys } = options
  const wake = wakerOf(options)
  const mayCall = onceInAWhile(options.now)
  const takeIn = createTakeIn({
    ...options,
    ...jobs,
    jobTimeoutMs: jobs.timeoutMs,
    inputTimeoutMs: options.requestTimeoutMs,
    inputBytes: Math.floor(jobs.bodyBytes * SENT_TO_TAKEN),
  })

  /** The account's name; an API key's is in its record. The store checks all else when it takes the job in. */
  async function accountName(credential: Credential): Promise<string> {
    if (credential.issuer !== 'key') return accountOf(credential)
    const key = await apiKeys.get(credential.id)
    // Without the right secret, a caller must not learn from a later refusal that the key exists.
    if (key?.secretHash !== credential.secretHash)
      throw new TwohopError('key_invalid', 'There is no such API key.')
    return key.account
  }

  return async function post(c: Context<Env>): Promise<Response> {
    const credential = await authenticate(c)
    const account = await accountName(credential)
    c.set('account', account)
    const taken = await withStoredPlan(credential, async (entitlement) => {
      entitlement.requireScope('jobs')
      const parsed = parseJob(await jsonBody(c), entitlement, findingsTo(options.log, c))
      const work = atVersion(parsed, c.req.header(VERSION_HEADER), entitlement)
      const idempotency = await idempotencyOf(c, entitlement.spender)
      const { background } = c.env
      const id = `job_${c.var.requestId}`
      const asked = { id, account, entitlement, work, idempotency, background }
      const entered = await traced(c.get('span') ?? NO_SPAN, 'enqueue', ({ traceparent }) =>
        takeIn({ ...asked, traceparent }),
      ).catch((error: unknown) => {
        // A host that was scaled to zero starts, and takes the job when it is sent again.
        if (error instanceof TwohopError && error.code === 'jobs_not_served')
          if (mayCall(work.model.id)) wake(c, { account, model: work.model.id })
        throw error
      })
      if ('job' in entered && options.keepPrompt) {
        const request = { inputs: work.works.map((one) => one.request) }
        const { version } = entered.job
        const plan = entitlement.plan.id
        const prompted = { requestId: id, account, plan, version, work: { ...work, request } }
        const { keepPrompt } = options
        // A task of its own, so that the answer goes first.
        background(wait(0).then(() => keepPrompt(prompted)))
      }
      return entered
    })
    if ('before' in taken) {
      const job = mine(await jobs.store.get(taken.before), account)
      return accepted(c, job, { 'idempotency-replayed': 'true' })
    }
    c.set('allowance', taken.allowance)
    c.set('version', taken.job.version)
    wake(c, taken.job)
    return accepted(c, taken.job)
  }
}

/** Says whether a host may be called for a model's jobs again: refused jobs are not counted, so their calls are. */
function onceInAWhile(now: () => number) {
  const called = createExpiringMap<string, true>({ capacity: MOST_MODELS, now })
  return function mayCall(model: string): boolean {
    if (called.get(model)) return false
    called.set(model, true, now() + CALL_MS)
    return true
  }
}

/** `GET /v1/jobs/:id/events`: the job each time that it has changed, until it has ended. */
async function followJob(
  options: Options,
  c: Context<Env>,
  { account }: Caller,
  id: string,
): Promise<Response> {
  const { jobs, log, now, requestTimeoutMs } = options
  const settledIfEnded = settlerOf(options)
  let first: Job | undefined = mine(JOB_ID.test(id) ? await jobs.store.get(id) : undefined, account)
  const read = async () => {
    const job = first ?? (await jobs.store.get(id))
    first = undefined
    return job && settledIfEnded(c, job)
  }
  const until = now() + requestTimeoutMs
  const failed = (error: unknown) => {
    c.env.background(log('warn', 'job_events_failed', { requestId: id, account, error }))
  }
  return c.body(jobEvents({ read, wait, now, until, failed }), 200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
  })
}

/**
 * The job, if it is the account's.
 * @throws TwohopError not_found where there is no such job, or it is another account's
 */
function mine(job: Job | undefined, account: string): Job {
  if (job?.account !== account)
    throw new TwohopError(
      'not_found',
      'Your account has no job of that id; one that ended is kept for as long as the plan says.',
    )
  return job
}

function accepted(c: Context, job: Job, headers: Record<string, string> = {}): Response {
  return c.json(shownJob(job), 202, { location: `/v1/jobs/${job.id}`, ...headers })
}
