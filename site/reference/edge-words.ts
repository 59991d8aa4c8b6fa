import type { FIREBASE_VARIABLES } from '../../edge/runtime/firebase-variables.ts'
import type { NODE_VARIABLES } from '../../edge/runtime/node-variables.ts'
import type { OTLP_VARIABLES } from '../../edge/runtime/otlp.ts'
import type { SUPABASE_VARIABLES } from '../../edge/runtime/supabase-variables.ts'
import type { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'

/** What docs/configuration.md says of a variable, beside what its own entry gives. It stands here for the worker's size. */
export type VariableWords = {
  meaning: string
  unit: string
  /** How the default is called, where that is not its text. */
  called?: string
}

/** Of the edge, wherever it runs, in the order of the page. */
export const EDGE_WORDS: Readonly<Record<keyof typeof EDGE_VARIABLES, VariableWords>> = {
  UPSTASH_REDIS_REST_URL: { meaning: 'Redis over HTTP', unit: 'URL' },
  UPSTASH_REDIS_REST_TOKEN: { meaning: 'its token', unit: '' },
  REDIS_TIMEOUT_MS: { meaning: 'longest that one round trip may take; then 503', unit: 'ms' },
  HOST_URL: { meaning: 'where the host listens; https, or http within a private network', unit: 'URL' },
  HOSTS: {
    meaning:
      'whether HOST_URL reaches one host or several; what one host streams passes through the edge unread',
    unit: 'one, several',
  },
  HOST_HEADERS: {
    meaning: 'headers that a door before the host asks for ([which](private-host.md))',
    unit: 'JSON `{name: value}`',
  },
  HOST_GOOGLE_ACCOUNT: {
    meaning:
      'key file of a service account that may call the host on Cloud Run ([how](private-host.md#google-cloud-run))',
    unit: 'JSON',
  },
  SERVICE_TOKEN_PRIVATE_KEY: { meaning: 'Ed25519 key that signs service tokens', unit: 'JWK' },
  API_KEY_SECRETS: {
    meaning: "secrets of API keys' checksums, the newest first; a key whose secret is gone has ended",
    unit: '32 characters or more, by comma',
  },
  FIREBASE_PROJECT_IDS: { meaning: 'Firebase projects whose users are let in', unit: 'ids, by comma' },
  FIREBASE_JWKS_URL: { meaning: "where Firebase's public keys lie", unit: 'URL', called: "Google's" },
  SUPABASE_URLS: { meaning: 'Supabase projects whose users are let in', unit: 'URLs, by comma' },
  SUPABASE_JWT_SECRETS: {
    meaning: 'legacy HS256 secrets of projects that still use one',
    unit: 'JSON `{url: secret}`',
  },
  SUPABASE_CONFIRMS_EMAIL: { meaning: '"Confirm email" is on in those projects', unit: 'true, false' },
  CLAIMS_OBJECT: {
    meaning:
      'custom claim, or field of `app_metadata`, that holds what you say of a user ([how](keys.md#what-you-say-of-a-user))',
    unit: 'name',
  },
  CLAIM_NAMES: {
    meaning: 'fields that are read from a claim beside that object ([how](keys.md#what-you-say-of-a-user))',
    unit: 'JSON `{issuer: {field: claim}}`',
  },
  ADMINISTERS: {
    meaning: "issuers whose accounts an issuer's administrators administer ([how](keys.md#admin-api))",
    unit: 'JSON `{issuer: [issuer]}`',
    called: 'its own',
  },
  ANONYMOUS_PLAN: {
    meaning: 'plan of anonymous users; without one they are refused',
    unit: 'plan',
    called: 'refused',
  },
  UNVERIFIED_EMAIL_PLAN: {
    meaning: 'plan of users with an unproved e-mail address; without one they are refused',
    unit: 'plan',
    called: 'refused',
  },
  ALLOWED_ORIGINS: {
    meaning: 'origins of pages, extensions and apps ([forms](#origins))',
    unit: 'origins, by comma',
  },
  APP_CHECK: {
    meaning:
      'routes that only your own app may call, by its token of Firebase App Check ([how](keys.md#app-check))',
    unit: 'off, required, or paths, by comma',
  },
  APP_CHECK_CONSUME: {
    meaning: 'those of them whose tokens are good for one call; a call to Google each',
    unit: 'off, required, or paths, by comma',
  },
  APP_CHECK_PROJECTS: {
    meaning: 'Firebase projects whose apps are let in there',
    unit: 'project numbers, by comma',
  },
  APP_CHECK_URL: { meaning: 'where App Check lies', unit: 'URL', called: "Google's" },
  STRANGERS_PER_MINUTE: {
    meaning: 'requests of nobody that is known that an isolate takes from one address; 0 for no bound',
    unit: 'requests',
  },
  DOCS_PAGE: {
    meaning:
      'whether there is a page at `GET /docs`, where people read and try what there is; pages of the own origin may ask then',
    unit: 'on, off',
  },
  DASHBOARD: {
    meaning:
      'whether there is a page at `GET /dashboard`, where it was built ([dashboard.md](dashboard.md)); pages of the own origin may ask then',
    unit: 'on, off',
  },
  DASHBOARD_SIGN_IN: {
    meaning:
      'where that page signs users in, by public keys; without it they paste a token or an API key ([how](dashboard.md#sign-in))',
    unit: 'JSON `{firebase, supabase}`',
  },
  COST_FORECAST: {
    meaning:
      'what a month may cost, as `npx twohop cost --forecast` prints it; the dashboard and an alert compare with it ([cost.md](cost.md#the-month-beside-its-forecast))',
    unit: 'JSON',
  },
  METRICS: {
    meaning:
      'whether there is `GET /metrics`, for the scope `metrics`; counting takes two more commands of Redis a request ([operations.md](operations.md#metrics))',
    unit: 'on, off',
  },
  BODY_LIMIT_BYTES: { meaning: 'largest request body', unit: 'bytes' },
  BODY_TIMEOUT_MS: { meaning: 'longest that a client may take to send its body', unit: 'ms' },
  MEDIA_BODY_BYTES: {
    meaning:
      'largest body of a request with a sound or images; some three times as much is in memory at once',
    unit: 'bytes',
  },
  JOB_BODY_BYTES: {
    meaning: "largest body of `POST /v1/jobs`; Upstash's free plan takes 1 MB a request",
    unit: 'bytes',
  },
  JOB_STORE_BYTES: {
    meaning: "most of Redis's memory that the jobs of all accounts may take, with their results",
    unit: 'bytes',
  },
  JOB_RESULTS: {
    meaning:
      "where results of jobs above 64 KiB are kept: in Redis, the ledger's Postgres, or a bucket of R2",
    unit: 'redis, ledger, r2',
  },
  JOB_RESULTS_BYTES: {
    meaning: 'most bytes of results that one account may keep there, where that is not Redis',
    unit: 'bytes',
  },
  JOB_TIMEOUT_MS: { meaning: 'longest that a job may take, at most 24 h', unit: 'ms' },
  REQUEST_TIMEOUT_MS: { meaning: 'longest that one request may take', unit: 'ms' },
  LEASE_SLACK_MS: {
    meaning: "time after that until a lost request's hold is charged by the sweep",
    unit: 'ms',
  },
  CATALOG: { meaning: 'plans, models and prices', unit: 'JSON', called: '`shared/catalog.json`' },
  LOG_PROMPTS: {
    meaning:
      'whether what is asked is kept in Redis for administrators, without what guards find ([guards.md](guards.md#prompts-that-are-kept))',
    unit: 'off, redacted',
  },
  LOG_PROMPTS_HOURS: { meaning: 'time for which it is kept', unit: 'h' },
  LOG_PROMPTS_MOST: {
    meaning: 'prompts that are kept at most, of up to 8,192 characters each',
    unit: 'prompts',
  },
  TRACES: {
    meaning:
      'on Workers, whether requests are traced by the platform ([telemetry.md](telemetry.md)); elsewhere `OTEL_EXPORTER_OTLP_ENDPOINT` says so',
    unit: 'on, off',
  },
  TRACE_CALLERS: {
    meaning:
      "whose traces the edge continues: nobody's, those of callers with an API key, or everybody's ([how](telemetry.md#who-is-believed))",
    unit: 'nobody, keys, everybody',
  },
  CATALOG_STORE: {
    meaning:
      'whether a catalog in Redis takes the place of `CATALOG` ([versions.md](versions.md#the-catalog-without-a-deployment))',
    unit: 'off, redis',
  },
  UPSTREAM_LOOPBACK: {
    meaning:
      'for development alone: whether foreign upstreams of the catalog may lie on this machine ([upstreams.md](upstreams.md))',
    unit: 'on, off',
  },
  FIREBASE_ADMIN_URL: { meaning: 'where Identity Toolkit lies', unit: 'URL', called: "Google's" },
  FIREBASE_SERVICE_ACCOUNTS: {
    meaning: 'key files of service accounts, to sync suspensions and plans',
    unit: 'JSON list',
  },
  SUPABASE_SERVICE_KEYS: { meaning: 'secret keys of projects, for the same', unit: 'JSON `{url: key}`' },
  LEDGER_SUPABASE_URL: {
    meaning: 'project whose Postgres keeps the ledger; without it Redis keeps the newest, and sums',
    unit: 'URL',
  },
  EVENTS_MOST: {
    meaning: 'usage events that may wait for the ledger in Redis; above it the oldest become sums',
    unit: 'events',
  },
  DRAIN_BATCHES: {
    meaning:
      'batches of 500 events that one run moves at most, three requests each; 12 on the free plan of Workers',
    unit: 'batches',
  },
  LEDGER_SUPABASE_KEY: { meaning: 'its secret key', unit: 'text' },
  WEBHOOK_URL: {
    meaning: 'told of used budgets (50, 80, 100 %), leaked API keys and streams near their bound',
    unit: 'URL',
  },
  WEBHOOK_SECRET: {
    meaning: 'signs what is sent there, as Standard Webhooks does',
    unit: '`whsec_` and base64',
  },
}

/** OpenTelemetry's own, wherever the edge does not run on Workers. */
const OTLP_WORDS: Readonly<Record<keyof typeof OTLP_VARIABLES, VariableWords>> = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    meaning:
      'OpenTelemetry collector that gets the traces ([how](telemetry.md)); without it nothing is traced',
    unit: 'URL',
  },
  OTEL_EXPORTER_OTLP_HEADERS: { meaning: 'what it asks for', unit: 'name=value, by comma' },
  OTEL_SERVICE_NAME: { meaning: 'what the edge is called in traces', unit: 'name' },
  OTEL_TRACES_SAMPLER_ARG: { meaning: 'part that is kept of the traces that begin here', unit: '0 to 1' },
}

/** Of the edge as a server on Node. */
export const NODE_WORDS: Readonly<Record<keyof typeof NODE_VARIABLES, VariableWords>> = {
  EDGE_BIND: { meaning: 'address to listen on', unit: 'address' },
  EDGE_PORT: { meaning: 'port to listen on; 0 picks a free one', unit: 'port' },
  EDGE_PROXIES: {
    meaning:
      'proxies before the edge that append to `X-Forwarded-For`; none where clients connect themselves',
    unit: 'proxies',
  },
  EDGE_EMULATORS: {
    meaning:
      'for development alone: emulators whose tokens are taken, which anybody can make ([how](node.md#emulators))',
    unit: 'firebase:id, supabase:URL, by comma',
  },
  EDGE_DRAIN_SECONDS: { meaning: 'longest that answers under way may go on after SIGTERM', unit: 's' },
  EDGE_SCHEDULE_SECONDS: {
    meaning: 'time between two runs of the scheduled work; zero where another edge does it',
    unit: 's',
  },
  ...OTLP_WORDS,
}

/** Of the edge as a function of Supabase. */
export const SUPABASE_WORDS: Readonly<Record<keyof typeof SUPABASE_VARIABLES, VariableWords>> = {
  SCHEDULE_SECRET: {
    meaning: 'with which `pg_cron` asks for the scheduled work; without it nobody can',
    unit: '32 characters or more',
  },
  ...OTLP_WORDS,
}

/** Of the edge as a function of Firebase. */
export const FIREBASE_WORDS: Readonly<Record<keyof typeof FIREBASE_VARIABLES, VariableWords>> = {
  CHECK_REVOKED: {
    meaning:
      'ask Firebase at each request whether the token was revoked, or its user disabled; a call to Google each',
    unit: 'true, false',
  },
  ...OTLP_WORDS,
}
