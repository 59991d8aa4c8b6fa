import { type Answer, overWeb } from '../../shared/fetch.ts'
import { HOST_LOAD } from '../../shared/host-load.ts'
import { storeBreaker } from '../../shared/upstash-client.ts'
import { type CatalogSource, createCatalogSource } from '../access/catalog-source.ts'
import { createStrangers } from '../access/strangers.ts'
import { createUpstashCatalog } from '../access/upstash-catalog.ts'
import { createUpstashRate } from '../access/upstash-rate.ts'
import { createWhence } from '../access/whence.ts'
import { administeredBy } from '../admin/target.ts'
import { createUpstashAnomaly } from '../admin/upstash-anomaly.ts'
import { createUpstashUsage } from '../admin/upstash-usage.ts'
import { createUpstashApiKeys } from '../api-keys/upstash.ts'
import { createApp } from '../app.ts'
import { createUpstashAudit } from '../audit/upstash.ts'
import { rememberRefusals } from '../budget/blocked.ts'
import type { Crossing } from '../budget/port.ts'
import { createUpstashBudget } from '../budget/upstash.ts'
import { createUpstashAccounts } from '../budget/upstash-accounts.ts'
import { createKeepPrompt } from '../guard/keep-prompt.ts'
import { createAnswers } from '../idempotency/answers.ts'
import { createSeal } from '../idempotency/seal.ts'
import { createUpstashIdempotencyRecords } from '../idempotency/upstash-records.ts'
import { createApiKeyForm, withApiKeys } from '../identity/api-key-form.ts'
import { createVerifyToken } from '../identity/verify.ts'
import { createMoveResults, withMovedResults } from '../jobs/move-results.ts'
import { createSettleJobs } from '../jobs/settle.ts'
import { createJobSigner } from '../jobs/sign.ts'
import { createUpstashJobs } from '../jobs/upstash.ts'
import { createUpstashResults } from '../jobs/upstash-results.ts'
import { ACTS_MOST, EVENTS_KEPT_WITHOUT_LEDGER } from '../ledger/bounds.ts'
import { createFeedbackAtOnce } from '../ledger/feedback-at-once.ts'
import { createKeepWithin } from '../ledger/keep-within.ts'
import { createDrains, createScheduledDrain } from '../ledger/scheduled.ts'
import { createSupabaseLedger } from '../ledger/supabase.ts'
import { createUpstashBounded } from '../ledger/upstash-bounded.ts'
import { createUpstashFeedback } from '../ledger/upstash-feedback.ts'
import { createAccountTag, NETWORK } from '../log/account-tag.ts'
import { createLog } from '../log/json-lines.ts'
import { createUpstashPrompts } from '../log/upstash-prompts.ts'
import { createAnswerCache } from '../metering/cache.ts'
import type { Unread, UnreadFor } from '../metering/call.ts'
import { thresholdEvents } from '../notify/thresholds.ts'
import { createWebhook, type WebhookEvent } from '../notify/webhook.ts'
import { createErrorCounts } from '../stats/error-counts.ts'
import { createUpstashMetrics } from '../stats/upstash-metrics.ts'
import { createUpstashStats } from '../stats/upstash-stats.ts'
import { identityAdmins } from '../sync/config.ts'
import { createSync } from '../sync/port.ts'
import { withGoogleIdentity } from '../upstream/google-identity.ts'
import { withHostHeaders } from '../upstream/host-headers.ts'
import { isKeyPair } from '../upstream/key-pair.ts'
import { createOwnHost } from '../upstream/own-host.ts'
import { askReady } from '../upstream/ready.ts'
import { createServiceTokenSigner } from '../upstream/service-token.ts'
import type { ServicePrivateKey } from '../upstream/signer.ts'
import { createUpstreams } from '../upstream/upstreams.ts'
import { createVendor } from '../upstream/vendors.ts'
import { Complaint } from './complaint.ts'
import { edgeConfig } from './config.ts'
import { largeResults } from './large-results.ts'
import type { Platform } from './platform.ts'
import type { Variables } from './read-variables.ts'
import { requireAppOf } from './require-app.ts'
import { createScheduled } from './scheduled.ts'

const HOUR_MS = 3_600_000

/**
 * Builds the edge from its variables, with the same ports on every runtime. It needs fetch, WebCrypto and a clock.
 * @param write takes a line of the log
 * @param platform what it has of its own for some of the ports
 * @returns `check` finds what is wrong with the variables that takes time to find out, and resolves with complaints
 * @throws NotConfigured that names each variable that does not fit
 */
export function createEdge(variables: Variables, write: (line: string) => void, platform: Platform = {}) {
  const config = edgeConfig(variables)
  const log = createLog({ write, tagOf: createAccountTag(config.SERVICE_TOKEN_PRIVATE_KEY.d) })
  const now = () => Date.now()
  const network: typeof fetch = (input, init) => fetch(input, init)
  const redis = {
    url: config.UPSTASH_REDIS_REST_URL,
    token: config.UPSTASH_REDIS_REST_TOKEN,
    timeoutMs: config.REDIS_TIMEOUT_MS,
    fetch: platform.fetch,
    breaker: storeBreaker({ now, onChange: (away) => void log('warn', away ? 'store_away' : 'store_back') }),
  }
  const project = config.catalog.project?.budgets
  const forecast = config.COST_FORECAST
  const errors = createErrorCounts()
  const metrics = config.METRICS === 'on'
  const budget = rememberRefusals(createUpstashBudget({ ...redis, project, errors, metrics }), { now })
  const results = largeResults(config, { ...platform, fetch: network, now })
  const redisJobs = createUpstashJobs({ ...redis, project, log })
  const jobStore = withMovedResults(redisJobs, results.places)
  const moveResults =
    results.to &&
    createMoveResults({ store: redisJobs, from: createUpstashResults(redis), ...results.to, log })
  const webhook = config.webhook && createWebhook({ ...config.webhook, fetch: network, now, log })
  const tell = async (event: WebhookEvent) => webhook?.(event)
  const notify = async (crossed: readonly Crossing[]) => {
    await Promise.all(thresholdEvents(crossed, now()).map(tell))
  }
  const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)
  const keyForm = createApiKeyForm({ secrets: config.API_KEY_SECRETS, random })
  const { sha256, ed25519 } = platform.crypto ?? {}
  const verifyHere = createVerifyToken(config.issuers, { fetch: network, sha256, now, log })
  const verifyOther = platform.verifyOther?.(config.issuers, { fetch: network, now, log })
  async function verifyToken(token: string) {
    const principal = (await verifyOther?.(token)) ?? (await verifyHere(token))
    await platform.alsoVerify?.(token, principal)
    return principal
  }
  const direct = platform.fetch ?? overWeb(network)
  // A path of the platform's own leads to one host.
  const toHost = (url: string) => (url === config.HOST_URL && platform.hostFetch) || direct
  const seal = createSeal({ privateKey: config.SERVICE_TOKEN_PRIVATE_KEY, random })
  const isLive = config.CATALOG_STORE === 'redis'
  const catalog: CatalogSource = isLive
    ? createCatalogSource({
        deployed: { catalog: config.catalog, plans: [config.ANONYMOUS_PLAN, config.UNVERIFIED_EMAIL_PLAN] },
        store: createUpstashCatalog(redis),
        now,
        log,
      })
    : { current: () => config.catalog, ready: async () => {} }
  const sign = createServiceTokenSigner(config.SERVICE_TOKEN_PRIVATE_KEY, now, ed25519)
  const upstreams = createUpstreams({
    catalog: config.catalog,
    modelsNow: isLive ? () => catalog.current().models : undefined,
    hostUrl: config.HOST_URL,
    foreignHost: (upstream) => createVendor(upstream, { keys: config.upstreamKeys, fetch: network, now }),
    ownHost(url, load) {
      const reach = withGoogleIdentity(withHostHeaders(toHost(url), config.HOST_HEADERS), {
        account: config.HOST_GOOGLE_ACCOUNT,
        audience: new URL(url).origin,
        fetch: network,
        now,
      })
      const heard = load && ((headers: Answer['headers']) => load.heard(headers.get(HOST_LOAD)))
      const host = createOwnHost({ url, sign, fetch: reach, sha256, now, log, heard })
      return { host, isReady: askReady(url, reach, heard), state: host.state }
    },
    now,
    random: Math.random,
    log,
  })
  const { createPipe } = platform
  // Only a host that is alone can be asked what a stream was: of several, the one that answers may not have computed it.
  const unread: Unread = { createPipe: config.HOSTS === 'one' ? createPipe : undefined }
  const unreadFor: UnreadFor | undefined =
    createPipe && ((model, version) => (upstreams.isOwn(model, version) ? unread : undefined))
  const prompts =
    config.LOG_PROMPTS === 'off'
      ? undefined
      : createUpstashPrompts({
          ...redis,
          keptMs: config.LOG_PROMPTS_HOURS * HOUR_MS,
          most: config.LOG_PROMPTS_MOST,
          now,
        })
  const drains =
    config.ledger &&
    createDrains({
      redis: { url: redis.url, token: redis.token },
      supabase: config.ledger,
      restOf: platform.restOf,
      batches: config.DRAIN_BATCHES,
      fetch: network,
      now,
    })
  const readStats = createUpstashStats({ ...redis, viewsPerMinute: VIEWS_PER_MINUTE })
  const app = createApp({
    catalog,
    policy: {
      anonymousPlan: config.ANONYMOUS_PLAN,
      unverifiedEmailPlan: config.UNVERIFIED_EMAIL_PLAN,
      supabaseConfirmsEmail: config.SUPABASE_CONFIRMS_EMAIL,
    },
    allowedOrigins: config.allowedOrigins,
    apiDocument: platform.apiDocument ?? (async () => undefined),
    docsPage: config.DOCS_PAGE === 'on',
    dashboard:
      config.DASHBOARD === 'on' && platform.dashboardFile
        ? { file: platform.dashboardFile, signIn: config.DASHBOARD_SIGN_IN ?? {} }
        : undefined,
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    mediaBodyBytes: config.MEDIA_BODY_BYTES,
    bodyTimeoutMs: config.BODY_TIMEOUT_MS,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    leaseSlackMs: config.LEASE_SLACK_MS,
    authenticate: withApiKeys(verifyToken, keyForm),
    requireApp: requireAppOf(config, platform, { fetch: network, now, log }),
    keyForm,
    administered: administeredBy(config.issuers),
    budget,
    forgetRefusals: budget.forget,
    accounts: createUpstashAccounts(redis),
    apiKeys: createUpstashApiKeys(redis),
    whenceOf: createWhence(createAccountTag(config.SERVICE_TOKEN_PRIVATE_KEY.d, NETWORK)),
    strangers: createStrangers({
      perMinute: config.STRANGERS_PER_MINUTE,
      limiter: platform.strangers,
      now,
    }),
    countAct: createUpstashRate({ ...redis, perMinute: ACTS_PER_MINUTE }),
    feedback: createUpstashFeedback(redis),
    drainFeedback: drains && createFeedbackAtOnce(drains, log),
    audit: createUpstashAudit(redis),
    readAnomaly: createUpstashAnomaly(redis),
    readUsage: createUpstashUsage(redis),
    sync: createSync(identityAdmins(config, { ...platform, fetch: network, now }), log),
    notify,
    tell,
    countError: errors.count,
    readMetrics: metrics
      ? createUpstashMetrics({
          ...{ ...redis, now, hasLedger: config.ledger !== undefined, project, forecast },
          readMonth: readStats.monthTo,
        })
      : undefined,
    readMonths:
      config.ledger && createSupabaseLedger({ ...config.ledger, fetch: network }, platform.restOf).months,
    forecast,
    hostStates: upstreams.states,
    readStats,
    host: upstreams.host,
    leaves: upstreams.leaves,
    unreadFor,
    jobs: {
      store: jobStore,
      sign: createJobSigner(config.SERVICE_TOKEN_PRIVATE_KEY, now),
      timeoutMs: config.JOB_TIMEOUT_MS,
      bodyBytes: config.JOB_BODY_BYTES,
      storeBytes: config.JOB_STORE_BYTES,
      moveResults,
    },
    now,
    newRequestId: () => crypto.randomUUID(),
    keepPrompt: prompts && createKeepPrompt({ store: prompts, log }),
    answers: createAnswers(seal, log),
    cache: createAnswerCache(seal),
    idempotencyRecords: createUpstashIdempotencyRecords(redis),
    tracer: platform.tracer ?? (config.TRACES === 'on' ? platform.ownTracer : undefined),
    traceCallers: config.TRACE_CALLERS,
    log,
  })
  const keepWithin = createKeepWithin({
    streams: createUpstashBounded(redis),
    most: { events: config.ledger ? config.EVENTS_MOST : EVENTS_KEPT_WITHOUT_LEDGER, acts: ACTS_MOST },
    hasLedger: config.ledger !== undefined,
    tell,
    log,
    now,
  })
  const drain = drains && createScheduledDrain({ drains, now, log })
  async function sweep() {
    const { charged, crossed } = await budget.sweep(SWEEP_MOST)
    // Each is a settlement that never came.
    if (charged > 0) await log('warn', 'swept', { detail: { charged } })
    await notify(crossed)
  }
  const { settleDue } = createSettleJobs({ budget, store: jobStore, notify, moveResults, log })
  async function settleJobs() {
    await settleDue()
    await results.dropEnded()
  }
  return {
    app,
    scheduled: createScheduled({
      settleJobs,
      sweep,
      drain,
      keepWithin,
      forgetPrompts: prompts?.forget,
      probe: upstreams.probe,
      log,
    }),
    check: () => checkKey(config.SERVICE_TOKEN_PRIVATE_KEY),
  }
}

/** What is wrong with the key that only using it shows. @returns a complaint; none where all is well */
async function checkKey(key: ServicePrivateKey): Promise<Complaint[]> {
  if (await isKeyPair(key)) return []
  const rule = 'its x is not the public half of its d: take the file as `npm run keys` wrote it'
  return [new Complaint('wrong', 'SERVICE_TOKEN_PRIVATE_KEY', rule)]
}

/** The most acts a minute: changes of keys by one account, changes of accounts by one administrator. */
const ACTS_PER_MINUTE = 60

/** The most views of usage a minute, of one caller. `GET /v1/usage` counts with them. */
const VIEWS_PER_MINUTE = 60

/** Reservations that one sweep charges at most; the next minute's takes the rest. */
const SWEEP_MOST = 1000
