import type { Context, Handler } from 'hono'
import { routePath } from 'hono/route'
import { Hono } from 'hono/tiny'
import { isMediaTask, type Model, type Task } from '../shared/catalog.ts'
import { latest } from '../shared/latest.ts'
import { NO_SPAN, type Tracer } from '../shared/tracing/port.ts'
import { type Caller, createIdentify } from './access/caller.ts'
import type { CatalogSource } from './access/catalog-source.ts'
import { createEntitle, type Entitlement, type Policy, payerOf } from './access/entitlement.ts'
import { createKeyMemory } from './access/key-memory.ts'
import type { AllowedOrigins } from './access/origin-list.ts'
import { corsFor, requireOrigin } from './access/origins.ts'
import type { CountAct } from './access/rate.ts'
import { createReadRate } from './access/read-rate.ts'
import { createStoredPlan, OtherPlanError } from './access/stored-plan.ts'
import { isUnknown, type Strangers } from './access/strangers.ts'
import type { WhenceOf } from './access/whence.ts'
import { createAfterSuspension } from './admin/suspended.ts'
import type { ApiKeyStore } from './api-keys/port.ts'
import type { RequireApp } from './app-check/gate.ts'
import type { AccountStore } from './budget/accounts.ts'
import type { Budget, Crossing } from './budget/port.ts'
import type { KeepPrompt } from './guard/keep-prompt.ts'
import { policyOf } from './guard/policy.ts'
import { guarded } from './guard/request.ts'
import type { Answers } from './idempotency/answers.ts'
import { idempotencyOf } from './idempotency/key.ts'
import { createOnce } from './idempotency/once.ts'
import type { IdempotencyRecords } from './idempotency/records.ts'
import type { ApiKeyForm } from './identity/api-key-form.ts'
import { bearerOrKey, bearerToken } from './identity/bearer.ts'
import { type Authenticate, accountOf, type Credential } from './identity/principal.ts'
import { cancelAll } from './jobs/cancel-all.ts'
import type { FeedbackStore } from './ledger/feedback.ts'
import type { ReadMonths } from './ledger/months.ts'
import type { Log } from './log/port.ts'
import type { AnswerCache } from './metering/cache.ts'
import { createCallHost, type UnreadFor } from './metering/call.ts'
import { createHold } from './metering/hold.ts'
import { createJudgeRequest } from './metering/judge-request.ts'
import { meter } from './metering/meter.ts'
import { limitsOf } from './metering/reservation.ts'
import type { WebhookEvent } from './notify/webhook.ts'
import { parseMessages } from './parse/anthropic-messages.ts'
import { jsonBody } from './parse/body.ts'
import { parseChat } from './parse/chat.ts'
import { boundBesideImages, chatBody } from './parse/chat-body.ts'
import { parseCompletion } from './parse/completions.ts'
import { parseEmbedding } from './parse/embeddings.ts'
import { formBody, formBytes } from './parse/form.ts'
import { parseHubCompletion } from './parse/hub-completion.ts'
import { answerJudgedWork, judgedWork } from './parse/judged.ts'
import { mediaBody } from './parse/media-body.ts'
import { parseMediaTask } from './parse/media-tasks.ts'
import type { ReadBody } from './parse/read-body.ts'
import { parseRerank } from './parse/rerank.ts'
import { parseResponses } from './parse/responses.ts'
import { hubTask, parseTask } from './parse/tasks.ts'
import { parseTranscription } from './parse/transcriptions.ts'
import { atVersion, VERSION_HEADER } from './parse/version.ts'
import type { Work } from './parse/work.ts'
import { addRoutes } from './routes/add-routes.ts'
import { type AdminOptions, adminRoutes } from './routes/admin.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { countTokens } from './routes/count-tokens.ts'
import { type DashboardOptions, dashboardRoutes, NO_DASHBOARD } from './routes/dashboard.ts'
import type { Env } from './routes/env.ts'
import { aroundEveryRequest } from './routes/every-request.ts'
import { addFailures, failingAsError } from './routes/failures.ts'
import { feedbackRoutes } from './routes/feedback.ts'
import { findingsTo } from './routes/findings.ts'
import { type JobsOptions, jobRoutes } from './routes/jobs.ts'
import { metricsRoute } from './routes/metrics.ts'
import { listModels, oneModel } from './routes/models.ts'
import { type ApiDocument, openApiRoute } from './routes/openapi-route.ts'
import { pageRoute } from './routes/page.ts'
import { statsRoutes } from './routes/stats.ts'
import { traced } from './routes/step.ts'
import { ROUTE_NAMES, type RouteName } from './routes/table.ts'
import { type TraceCallers, traceRequests } from './routes/trace-requests.ts'
import { usageAnswer } from './routes/usage.ts'
import { watchRoutes } from './routes/watch.ts'
import type { ErrorCounts } from './stats/error-counts.ts'
import type { Forecast } from './stats/forecast.ts'
import type { ReadStats } from './stats/port.ts'
import type { UpstreamCaller } from './upstream/port.ts'
import type { Upstreams } from './upstream/upstreams.ts'
import { isMessagesPath } from './write/message-errors.ts'

export type AppOptions = {
  catalog: Pick<CatalogSource, 'current' | 'ready'>
  policy: Policy
  allowedOrigins: AllowedOrigins
  apiDocument: ApiDocument
  /** Whether there is a page at `GET /docs`, which may ask. */
  docsPage: boolean
  /** The page at `GET /dashboard`, which may ask; undefined where there is none. */
  dashboard?: DashboardOptions | undefined
  bodyLimitBytes: number
  /** The same for requests with a sound or an image. */
  mediaBodyBytes: number
  /** Milliseconds that a client may take to send its body. */
  bodyTimeoutMs: number
  /** Milliseconds that a request may take, from its reservation to its last byte. */
  requestTimeoutMs: number
  /** Milliseconds after that for the settlement. Then the lease frees itself and the sweep charges the hold. */
  leaseSlackMs: number
  authenticate: Authenticate
  /** Asks a route's callers which app they are; undefined where no route does. */
  requireApp: RequireApp | undefined
  budget: Budget
  accounts: AccountStore
  apiKeys: ApiKeyStore
  countAct: CountAct
  /** Where a caller is, for plans that watch credentials; the address as a hash. */
  whenceOf: WhenceOf
  /** Bounds requests of nobody that is known. */
  strangers: Strangers
  feedback: FeedbackStore
  /** Moves feedback to the ledger; undefined where there is none. Never throws. */
  drainFeedback: (() => Promise<unknown>) | undefined
  administered: AdminOptions['administered']
  audit: AdminOptions['audit']
  readUsage: AdminOptions['readUsage']
  readAnomaly: AdminOptions['readAnomaly']
  forgetRefusals: AdminOptions['forgetRefusals']
  sync: AdminOptions['sync']
  /** Reports thresholds that a settlement crossed, after the answer; never throws. */
  notify: (crossed: readonly Crossing[]) => Promise<void>
  /** Reports an event to the operator, after the answer; never throws. */
  tell: (event: WebhookEvent) => Promise<unknown>
  /** Counts an error that is answered. */
  countError: ErrorCounts['count']
  readStats: ReadStats
  readMonths: ReadMonths | undefined
  forecast: Forecast | undefined
  hostStates: Upstreams['states']
  /** The metrics as a text; undefined where they are off. */
  readMetrics: (() => Promise<string>) | undefined
  host: UpstreamCaller
  /** Whether a foreign upstream may get what is asked of a model, in whichever version. */
  leaves: (model: Model) => boolean
  /** How a model's answers pass on unread; undefined where they are read. */
  unreadFor: UnreadFor | undefined
  jobs: JobsOptions
  /** Keeps what is asked; undefined where nobody wants that. */
  keepPrompt: KeepPrompt | undefined
  /** Answers to requests with an idempotency key. */
  answers: Answers
  /** Answers that are given again to whoever asks the same. */
  cache: AnswerCache | undefined
  idempotencyRecords: IdempotencyRecords
  /** Traces requests; undefined where they are not traced. */
  tracer?: Tracer | Promise<Tracer | undefined> | undefined
  /** Whose traces the edge continues. */
  traceCallers: TraceCallers
  log: Log
  now: () => number
  newRequestId: () => string
  keyForm: ApiKeyForm
}

type Parse<Input = unknown> = (input: Input, entitlement: Entitlement) => Work
/** A request's body as its parser takes it, and the bytes that tell it from another. */
type RequestBody<Input> = { input: () => Promise<Input>; bytes: ReadBody }

/** The edge: everything that a request goes through, in order, whatever platform it runs on. */
export function createApp(options: AppOptions) {
  const { budget, accounts, apiKeys, strangers, requestTimeoutMs, now, log } = options
  const catalog = () => options.catalog.current()
  const entitleNow = latest(catalog, (current) => createEntitle(current, options.policy))
  const entitle: ReturnType<typeof createEntitle> = (...credential) => entitleNow()(...credential)
  const { storedEntitlement, withStoredPlan } = createStoredPlan({ entitle, planOf: budget.plan, now })
  const cancelJobs = (account: string) => cancelAll(options.jobs.store, account)
  const hold = createHold({
    budget,
    answers: options.answers,
    cache: options.cache,
    requestTimeoutMs,
    leaseSlackMs: options.leaseSlackMs,
    now,
    notify: options.notify,
    tell: options.tell,
    suspended: createAfterSuspension({ ...options, cancelJobs }),
    log,
  })
  const identify = createIdentify({
    entitle,
    accounts,
    apiKeys,
    defaultPlan: () => catalog().default_plan,
    now,
  })
  const once = createOnce(options)
  const keyMemory = createKeyMemory({ now })
  const countRead = createReadRate({ now })
  const judgeRequest = createJudgeRequest(options)
  const callHost = createCallHost(options)
  // Not strict: a slash at the end of a path says nothing. The package's main entry brings three routers along; the one of
  // this entry is as quick for so few routes.
  const app = new Hono<Env>({ strict: false })

  const { tracer, traceCallers: callers, keyForm } = options
  if (tracer) app.use(traceRequests({ tracer, callers, keyForm }))
  app.use(aroundEveryRequest({ ...options, catalog, keyMemory }))
  app.use(corsFor(options.allowedOrigins))
  app.use(requireOrigin(options.allowedOrigins, options.docsPage || options.dashboard !== undefined))
  app.use(failingAsError)

  async function authenticate(c: Context<Env>): Promise<Credential> {
    const { headers } = c.req.raw
    const ready = options.catalog.ready((task) => c.env.background(task))
    // Whoever is not identified hears of that first.
    ready.catch(() => {})
    const read = isMessagesPath(c.req.path) ? bearerOrKey : bearerToken
    const credential = await c
      .get('timings')
      .time('auth', async () => options.authenticate(read(headers)))
      .catch((error: unknown) => {
        if (isUnknown(error)) strangers.refuse(c.env.address)
        throw error
      })
    await ready
    if (credential.issuer !== 'key') c.set('account', accountOf(credential))
    else {
      keyMemory.refuseKnown(credential, c.env.address)
      c.set('key', credential)
    }
    // Only for those who are known, since it may use up their app's token.
    await options.requireApp?.(`${c.req.method} ${routePath(c)}`, headers)
    // A route that is read answers HEAD too.
    if (c.req.method === 'GET' || c.req.method === 'HEAD') countRead(payerOf(credential))
    return credential
  }
  async function callerOf(c: Context<Env>): Promise<Caller> {
    const caller = await identify(await authenticate(c))
    c.set('account', caller.account)
    return caller
  }

  /** authenticate; account, entitlement and scope; parse; reserve; call the host; meter; settle. */
  async function inferSent<Input>(
    c: Context<Env>,
    task: Task,
    { input, bytes }: RequestBody<Input>,
    parse: Parse<Input>,
  ): Promise<Response> {
    const credential = await authenticate(c)
    const idempotency = await idempotencyOf(c, payerOf(credential), bytes)
    const whence = () => options.whenceOf(c.env)
    const timings = c.get('timings')
    const span = c.get('span') ?? NO_SPAN
    async function parsed(entitlement: Entitlement): Promise<Work> {
      entitlement.requireScope(task)
      const { plan } = entitlement
      const read = parse(await input(), entitlement)
      const leaves = options.leaves(read.model)
      const clean = guarded(read, { policy: policyOf(plan), leaves, tell: findingsTo(log, c) })
      const asked = atVersion(clean, c.req.header(VERSION_HEADER), entitlement)
      const { injection, judge: last } = plan.guards ?? {}
      const { models } = catalog()
      return answerJudgedWork(judgedWork(asked, injection, models), last, models, findingsTo(log, c))
    }
    const held = await withStoredPlan(credential, async (entitlement) => {
      const work = await traced(span, 'parse', () => parsed(entitlement))
      return timings.time('reserve', () =>
        hold(c.get('requestId'), entitlement, work, c.env.background, idempotency, whence, span),
      )
    })
    if (held instanceof Response) return held
    c.set('account', held.account)
    c.set('allowance', held.allowance)
    c.set('version', held.version)
    if ('answer' in held) {
      c.set('cache', 'hit')
      return held.answer
    }
    c.set('settled', held.settled)
    if (held.cacheable) c.set('cache', 'miss')
    // To take out what guards find takes long, so no answer waits for it.
    const { keepPrompt } = options
    if (keepPrompt) c.env.background(held.settled.then(() => keepPrompt(held)))
    if (held.work.judged)
      await timings.time('guard', (own) => judgeRequest(held, c.req.raw.signal, findingsTo(log, c), own))
    return timings.timeAlone('host', () => callHost(held, c.req.raw.signal, meter))
  }

  /** The same of a request that is JSON. */
  function infer(c: Context<Env>, task: Task, parse: Parse): Promise<Response> {
    return inferSent(c, task, { input: () => jsonBody(c), bytes: c.get('readBody') }, parse)
  }
  /** Of a chat, whose images may make its body larger. */
  function inferChat(c: Context<Env>, parse: Parse<unknown>): Promise<Response> {
    const sent = { input: () => chatBody(c, options.bodyLimitBytes), bytes: c.get('readBody') }
    return inferSent(c, 'chat', sent, ({ json, length }, whose) =>
      boundBesideImages(parse(json, whose), length, options.bodyLimitBytes),
    )
  }
  /** Of one that is a form. It is taken apart when it is first asked for. */
  function inferForm(c: Context<Env>, task: Task, parse: Parse): Promise<Response> {
    let form: ReturnType<typeof formBody> | undefined
    function input() {
      form ??= formBody(c)
      return form
    }
    return inferSent(c, task, { input, bytes: async () => formBytes(await input()) }, parse)
  }

  const handlers: Record<RouteName, Handler<Env>> = {
    'POST /v1/chat/completions': (c) => inferChat(c, parseChat),
    'POST /v1/responses': (c) => inferChat(c, parseResponses),
    'POST /v1/messages': (c) => inferChat(c, parseMessages),
    'POST /v1/messages/count_tokens': countTokens({ ...options, authenticate, identify, entitle, countRead }),
    'POST /v1/completions': (c) => infer(c, 'completion', parseCompletion),
    'POST /v1/embeddings': (c) => infer(c, 'embedding', parseEmbedding),
    'POST /v1/rerank': (c) => infer(c, 'text-ranking', parseRerank),
    'POST /v1/audio/transcriptions': (c) => inferForm(c, 'automatic-speech-recognition', parseTranscription),
    'POST /v1/tasks/text-generation/v1/completions': (c) => infer(c, 'completion', parseHubCompletion),
    'POST /v1/tasks/text-generation/v1/chat/completions': (c) => inferChat(c, parseChat),
    'POST /v1/tasks/:task': (c) => {
      const task = hubTask(c.req.param('task') ?? '')
      if (!isMediaTask(task)) return infer(c, task, (input, whose) => parseTask(task, input, whose))
      const sent = { input: () => mediaBody(c, task), bytes: c.get('readBody') }
      return inferSent(c, task, sent, (input, whose) => parseMediaTask(task, input, whose))
    },
    'GET /v1/models': async (c) => c.json(listModels(await storedEntitlement(await authenticate(c)))),
    'GET /v1/models/:id{.+}': async (c) =>
      c.json(oneModel(await storedEntitlement(await authenticate(c)), c.req.param('id') ?? '')),
    'GET /v1/usage': async (c) =>
      withStoredPlan(await authenticate(c), async (entitlement) => {
        const { spender, plan } = entitlement
        const asked = () => budget.usage(spender, plan.id, limitsOf(plan))
        const report = await c.get('timings').time('usage', asked)
        if ('plan' in report) throw new OtherPlanError(report.plan)
        c.set('allowance', report.allowance)
        return c.json(usageAnswer(entitlement, report))
      }),
    ...statsRoutes({ ...options, callerOf }),
    ...watchRoutes({ ...options, callerOf }),
    ...jobRoutes({ ...options, authenticate, withStoredPlan, callerOf }),
    ...feedbackRoutes({ ...options, callerOf, once }),
    ...apiKeyRoutes({ ...options, callerOf, once }),
    ...adminRoutes({ ...options, catalog, callerOf, once, cancelJobs }),
    'GET /openapi.json': openApiRoute(options.apiDocument),
    'GET /docs': pageRoute,
    'GET /metrics': metricsRoute({ ...options, callerOf }),
    ...dashboardRoutes(options.dashboard ?? NO_DASHBOARD),
    'GET /healthz': (c) => c.json({ status: 'ok' }),
  }
  const isOn = (name: RouteName) =>
    name === 'GET /metrics' ? options.readMetrics !== undefined : hasPage(name)
  const hasPage = (name: RouteName) =>
    name.startsWith('GET /dashboard')
      ? options.dashboard !== undefined
      : name !== 'GET /docs' || options.docsPage
  addRoutes(app, handlers, ROUTE_NAMES.filter(isOn))

  addFailures(app, options)
  return app
}
