import * as z from 'zod'
import { Catalog } from '../../shared/catalog.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { HostUrl, SecretUrl } from '../../shared/secure-url.ts'
import { LONGEST_REQUEST_MS } from '../../shared/service-token.ts'
import { Origins } from '../access/origin-list.ts'
import { Administers, ClaimsObject, OtherClaimNames } from '../identity/claims-config.ts'
import {
  ApiKeySecrets,
  AppCheckProjects,
  FirebaseProjectIds,
  SecureUrl,
  SupabaseJwtSecrets,
  SupabaseUrls,
} from '../identity/config.ts'
import { FIREBASE_JWKS_URL } from '../identity/firebase.ts'
import { CLAIMS_OBJECT } from '../identity/owner-claims.ts'
import { DRAIN_BATCHES } from '../ledger/move.ts'
import { isWebhookSecret } from '../notify/webhook.ts'
import { CheckedRoutes } from '../routes/checked.ts'
import { SignInPlaces } from '../routes/sign-in-places.ts'
import { TRACE_CALLERS } from '../routes/trace-requests.ts'
import { FirebaseServiceAccounts, SupabaseServiceKeys } from '../sync/config.ts'
import { ServiceAccount } from '../sync/google-token.ts'
import { HostHeaders } from '../upstream/host-headers.ts'
import { ServicePrivateKey } from '../upstream/signer.ts'
import type { Variable } from './read-variables.ts'
import { whole } from './whole.ts'

const text = z.string().min(1)
const KIB = 1024
const MIB = 1024 * KIB
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A variable in JSON, which `schema` then checks. */
const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((value, context): unknown => {
      const parsed = parseJson(value)
      if (parsed !== undefined) return parsed
      context.addIssue('is not valid JSON')
      return z.NEVER
    })
    .pipe(schema)

/** Every variable and secret that the edge reads. The documentation's table is checked against this. */
export const EDGE_VARIABLES = {
  UPSTASH_REDIS_REST_URL: {
    meaning: 'Redis over HTTP',
    unit: 'URL',
    fallback: undefined,
    put: 'the REST URL of your Upstash database, such as https://....upstash.io,',
    schema: SecretUrl,
  },
  UPSTASH_REDIS_REST_TOKEN: {
    meaning: 'its token',
    unit: '',
    fallback: undefined,
    put: 'the REST token of that database',
    secret: true,
    schema: text,
  },
  REDIS_TIMEOUT_MS: {
    meaning: 'longest that one round trip may take; then 503',
    unit: 'ms',
    fallback: '2000',
    schema: whole(50, 30_000),
  },
  HOST_URL: {
    meaning: 'where the host listens; https, or http within a private network',
    unit: 'URL',
    fallback: undefined,
    put: 'the address by which the edge reaches your host, such as https://host.internal.example,',
    schema: HostUrl,
  },
  HOST_HEADERS: {
    meaning: 'headers that a door before the host asks for',
    unit: 'JSON {name: value}',
    fallback: '',
    secret: true,
    schema: json(HostHeaders),
  },
  HOST_GOOGLE_ACCOUNT: {
    meaning: 'key file of a service account that may call the host on Cloud Run',
    unit: 'JSON',
    fallback: '',
    secret: true,
    schema: json(ServiceAccount),
  },
  HOSTS: {
    meaning:
      'whether HOST_URL reaches one host or several; what one host streams passes through the edge unread',
    unit: 'one, several',
    fallback: 'several',
    schema: z.enum(['one', 'several']),
  },
  SERVICE_TOKEN_PRIVATE_KEY: {
    meaning: 'Ed25519 key that signs service tokens',
    unit: 'JWK',
    fallback: undefined,
    put: 'the content of service-key.private.json, which `npm run keys` writes,',
    secret: true,
    schema: json(ServicePrivateKey),
  },
  API_KEY_SECRETS: {
    meaning: "secrets of API keys' checksums, the newest first; a key whose secret is gone has ended",
    unit: '32 characters or more, by comma',
    fallback: undefined,
    put: 'the output of `node -p "crypto.randomBytes(32).toString(\'base64url\')"`',
    secret: true,
    schema: ApiKeySecrets,
  },
  FIREBASE_PROJECT_IDS: {
    meaning: 'Firebase projects whose users are let in',
    unit: 'ids, by comma',
    fallback: '',
    schema: FirebaseProjectIds,
  },
  FIREBASE_JWKS_URL: {
    meaning: "where Firebase's public keys lie",
    unit: 'URL',
    fallback: FIREBASE_JWKS_URL,
    called: "Google's",
    schema: SecureUrl,
  },
  SUPABASE_URLS: {
    meaning: 'Supabase projects whose users are let in',
    unit: 'URLs, by comma',
    fallback: '',
    schema: SupabaseUrls,
  },
  SUPABASE_JWT_SECRETS: {
    meaning: 'legacy HS256 secrets of projects that still use one',
    unit: 'JSON {url: secret}',
    fallback: '',
    secret: true,
    schema: SupabaseJwtSecrets,
  },
  SUPABASE_CONFIRMS_EMAIL: {
    meaning: '"Confirm email" is on in those projects',
    unit: 'true, false',
    fallback: 'true',
    schema: z.enum(['true', 'false']).transform((value) => value === 'true'),
  },
  CLAIMS_OBJECT: {
    meaning: 'custom claim, or field of app_metadata, that holds what the owner says of a user',
    unit: 'name',
    fallback: CLAIMS_OBJECT,
    schema: ClaimsObject,
  },
  CLAIM_NAMES: {
    meaning: 'fields that are read from a claim beside that object',
    unit: 'JSON {issuer: {field: claim}}',
    fallback: '',
    schema: json(OtherClaimNames),
  },
  ADMINISTERS: {
    meaning: "issuers whose accounts an issuer's administrators administer",
    unit: 'JSON {issuer: [issuer]}',
    fallback: '',
    called: 'its own',
    schema: json(Administers),
  },
  ANONYMOUS_PLAN: {
    meaning: 'plan of anonymous users; without one they are refused',
    unit: 'plan',
    fallback: '',
    called: 'refused',
    schema: text,
  },
  UNVERIFIED_EMAIL_PLAN: {
    meaning: 'plan of users with an unproved e-mail address; without one they are refused',
    unit: 'plan',
    fallback: '',
    called: 'refused',
    schema: text,
  },
  ALLOWED_ORIGINS: {
    meaning: 'origins of pages, extensions and apps',
    unit: 'origins, by comma',
    fallback: '',
    schema: Origins,
  },
  APP_CHECK: {
    meaning: 'routes that only your own app may call, by its token of Firebase App Check',
    unit: 'off, required, or paths, by comma',
    fallback: 'off',
    schema: CheckedRoutes,
  },
  APP_CHECK_CONSUME: {
    meaning: 'those of them whose tokens are good for one call; a call to Google each',
    unit: 'off, required, or paths, by comma',
    fallback: 'off',
    schema: CheckedRoutes,
  },
  APP_CHECK_PROJECTS: {
    meaning: 'Firebase projects whose apps are let in there',
    unit: 'project numbers, by comma',
    fallback: '',
    schema: AppCheckProjects,
  },
  APP_CHECK_URL: {
    meaning: 'where App Check lies',
    unit: 'URL',
    fallback: 'https://firebaseappcheck.googleapis.com',
    called: "Google's",
    schema: SecretUrl,
  },
  STRANGERS_PER_MINUTE: {
    meaning: 'requests of nobody that is known that an isolate takes from one address; 0 for no bound',
    unit: 'requests',
    fallback: '300',
    schema: whole(0, 1_000_000),
  },
  DOCS_PAGE: {
    meaning: 'whether there is a page at GET /docs',
    unit: 'on, off',
    fallback: 'on',
    schema: z.enum(['on', 'off']),
  },
  METRICS: {
    meaning:
      'whether there is GET /metrics, for the scope metrics; counting takes two more commands of Redis a request',
    unit: 'on, off',
    fallback: 'off',
    schema: z.enum(['on', 'off']),
  },
  TRACES: {
    meaning:
      'on Workers, whether requests are traced by the platform; elsewhere OTEL_EXPORTER_OTLP_ENDPOINT says so',
    unit: 'on, off',
    fallback: 'off',
    schema: z.enum(['on', 'off']),
  },
  TRACE_CALLERS: {
    meaning: "whose traces are gone on with: nobody's, those of callers with an API key, or everybody's",
    unit: TRACE_CALLERS.join(', '),
    fallback: 'nobody',
    schema: z.enum(TRACE_CALLERS),
  },
  DASHBOARD: {
    meaning: 'whether there is a page at GET /dashboard, where it was built',
    unit: 'on, off',
    fallback: 'on',
    schema: z.enum(['on', 'off']),
  },
  DASHBOARD_SIGN_IN: {
    meaning: 'where that page signs users in, by public keys; without it they paste a token or an API key',
    unit: 'JSON {firebase, supabase}',
    fallback: '',
    schema: json(SignInPlaces),
  },
  BODY_LIMIT_BYTES: {
    meaning: 'largest request body',
    unit: 'bytes',
    fallback: String(256 * KIB),
    schema: whole(KIB, 16 * MIB),
  },
  BODY_TIMEOUT_MS: {
    meaning: 'longest that a client may take to send its body',
    unit: 'ms',
    fallback: '30000',
    schema: whole(100, 10 * MINUTE),
  },
  MEDIA_BODY_BYTES: {
    meaning:
      'largest body of a request with a sound or an image; some three times as much is in memory at once',
    unit: 'bytes',
    fallback: String(8 * MIB),
    schema: whole(1, 64 * MIB),
  },
  JOB_BODY_BYTES: {
    meaning: "largest body of POST /v1/jobs; Upstash's free plan takes 1 MB a request",
    unit: 'bytes',
    fallback: String(768 * KIB),
    schema: whole(KIB, 7 * MIB),
  },
  JOB_RESULTS: {
    meaning:
      "where results of jobs above 64 KiB are kept: in Redis, the ledger's Postgres, or a bucket of R2",
    unit: 'redis, ledger, r2',
    fallback: 'redis',
    schema: z.enum(['redis', 'ledger', 'r2']),
  },
  JOB_RESULTS_BYTES: {
    meaning: 'most bytes of results that one account may keep there, where that is not Redis',
    unit: 'bytes',
    fallback: String(256 * MIB),
    schema: whole(MIB, 2 ** 40),
  },
  JOB_STORE_BYTES: {
    meaning: "most of Redis's memory that the jobs of all accounts may take, with their results",
    unit: 'bytes',
    fallback: String(96 * MIB),
    schema: whole(MIB, 2 ** 40),
  },
  JOB_TIMEOUT_MS: {
    meaning: 'longest that a job may take, at most 24 h',
    unit: 'ms',
    fallback: String(24 * HOUR),
    schema: whole(MINUTE, 24 * HOUR),
  },
  REQUEST_TIMEOUT_MS: {
    meaning: 'longest that one request may take',
    unit: 'ms',
    fallback: String(2 * MINUTE),
    schema: whole(1000, LONGEST_REQUEST_MS),
  },
  LEASE_SLACK_MS: {
    meaning: "time after that until a lost request's hold is charged by the sweep",
    unit: 'ms',
    fallback: '30000',
    schema: whole(100, 5 * MINUTE),
  },
  CATALOG_STORE: {
    meaning:
      'whether a catalog in Redis takes the place of `CATALOG` ([versions.md](versions.md#the-catalog-without-a-deployment))',
    unit: 'off, redis',
    fallback: 'off',
    schema: z.enum(['off', 'redis']),
  },
  LOG_PROMPTS: {
    meaning:
      'whether what is asked is kept in Redis for administrators, without what guards find ([guards.md](guards.md#prompts-that-are-kept))',
    unit: 'off, redacted',
    fallback: 'off',
    schema: z.enum(['off', 'redacted']),
  },
  LOG_PROMPTS_HOURS: {
    meaning: 'time for which it is kept',
    unit: 'h',
    fallback: '24',
    schema: whole(1, 720),
  },
  LOG_PROMPTS_MOST: {
    meaning: 'prompts that are kept at most, of up to 8,192 characters each',
    unit: 'prompts',
    fallback: '1000',
    schema: whole(1, 100_000),
  },
  CATALOG: {
    meaning: 'plans, models and prices',
    unit: 'JSON',
    fallback: '',
    called: 'shared/catalog.json',
    schema: json(Catalog),
  },
  UPSTREAM_LOOPBACK: {
    meaning: 'for development alone: whether foreign upstreams of the catalog may lie on this machine',
    unit: 'on, off',
    fallback: 'off',
    schema: z.enum(['on', 'off']),
  },
  FIREBASE_ADMIN_URL: {
    meaning: 'where Identity Toolkit lies',
    unit: 'URL',
    fallback: 'https://identitytoolkit.googleapis.com',
    called: "Google's",
    schema: SecretUrl,
  },
  FIREBASE_SERVICE_ACCOUNTS: {
    meaning: 'key files of service accounts, to sync suspensions and plans',
    unit: 'JSON list',
    fallback: '',
    secret: true,
    schema: json(FirebaseServiceAccounts),
  },
  SUPABASE_SERVICE_KEYS: {
    meaning: 'secret keys of projects, for the same',
    unit: 'JSON {url: key}',
    fallback: '',
    secret: true,
    schema: json(SupabaseServiceKeys),
  },
  LEDGER_SUPABASE_URL: {
    meaning: 'project whose Postgres keeps the ledger; without it Redis keeps the newest, and sums',
    unit: 'URL',
    fallback: '',
    schema: SecretUrl,
  },
  DRAIN_BATCHES: {
    meaning:
      'batches of 500 events that one run moves at most, three requests each; 12 on the free plan of Workers',
    unit: 'batches',
    fallback: String(DRAIN_BATCHES),
    schema: whole(1, 10_000),
  },
  EVENTS_MOST: {
    meaning: 'usage events that may wait for the ledger in Redis; above it the oldest become sums',
    unit: 'events',
    fallback: '500000',
    schema: whole(10_000, 1_000_000_000),
  },
  LEDGER_SUPABASE_KEY: { meaning: 'its secret key', unit: 'text', fallback: '', secret: true, schema: text },
  WEBHOOK_URL: {
    meaning: 'told of used budgets (50, 80, 100 %), leaked API keys and streams near their bound',
    unit: 'URL',
    fallback: '',
    schema: SecretUrl,
  },
  WEBHOOK_SECRET: {
    meaning: 'signs what is sent there, as Standard Webhooks does',
    unit: 'whsec_ and base64',
    fallback: '',
    secret: true,
    schema: z.string().refine(isWebhookSecret, 'is no whsec_ and 24 to 64 bytes in base64'),
  },
} as const satisfies Record<string, Variable>
