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
import { Forecast } from '../stats/forecast.ts'
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

/** Every variable and secret that the edge reads. site/reference/edge-words.ts says what each means. */
export const EDGE_VARIABLES = {
  UPSTASH_REDIS_REST_URL: {
    fallback: undefined,
    put: 'the REST URL of your Upstash database, such as https://....upstash.io,',
    schema: SecretUrl,
  },
  UPSTASH_REDIS_REST_TOKEN: {
    fallback: undefined,
    put: 'the REST token of that database',
    secret: true,
    schema: text,
  },
  REDIS_TIMEOUT_MS: {
    fallback: '2000',
    schema: whole(50, 30_000),
  },
  HOST_URL: {
    fallback: undefined,
    put: 'the address by which the edge reaches your host, such as https://host.internal.example,',
    schema: HostUrl,
  },
  HOST_HEADERS: {
    fallback: '',
    secret: true,
    schema: json(HostHeaders),
  },
  HOST_GOOGLE_ACCOUNT: {
    fallback: '',
    secret: true,
    schema: json(ServiceAccount),
  },
  HOSTS: {
    fallback: 'several',
    schema: z.enum(['one', 'several']),
  },
  SERVICE_TOKEN_PRIVATE_KEY: {
    fallback: undefined,
    put: 'the content of service-key.private.json, which `npm run keys` writes,',
    secret: true,
    schema: json(ServicePrivateKey),
  },
  API_KEY_SECRETS: {
    fallback: undefined,
    put: 'the output of `node -p "crypto.randomBytes(32).toString(\'base64url\')"`',
    secret: true,
    schema: ApiKeySecrets,
  },
  FIREBASE_PROJECT_IDS: {
    fallback: '',
    schema: FirebaseProjectIds,
  },
  FIREBASE_JWKS_URL: {
    fallback: FIREBASE_JWKS_URL,
    schema: SecureUrl,
  },
  SUPABASE_URLS: {
    fallback: '',
    schema: SupabaseUrls,
  },
  SUPABASE_JWT_SECRETS: {
    fallback: '',
    secret: true,
    schema: SupabaseJwtSecrets,
  },
  SUPABASE_CONFIRMS_EMAIL: {
    fallback: 'true',
    schema: z.enum(['true', 'false']).transform((value) => value === 'true'),
  },
  CLAIMS_OBJECT: {
    fallback: CLAIMS_OBJECT,
    schema: ClaimsObject,
  },
  CLAIM_NAMES: {
    fallback: '',
    schema: json(OtherClaimNames),
  },
  ADMINISTERS: {
    fallback: '',
    schema: json(Administers),
  },
  ANONYMOUS_PLAN: {
    fallback: '',
    schema: text,
  },
  UNVERIFIED_EMAIL_PLAN: {
    fallback: '',
    schema: text,
  },
  ALLOWED_ORIGINS: {
    fallback: '',
    schema: Origins,
  },
  APP_CHECK: {
    fallback: 'off',
    schema: CheckedRoutes,
  },
  APP_CHECK_CONSUME: {
    fallback: 'off',
    schema: CheckedRoutes,
  },
  APP_CHECK_PROJECTS: {
    fallback: '',
    schema: AppCheckProjects,
  },
  APP_CHECK_URL: {
    fallback: 'https://firebaseappcheck.googleapis.com',
    schema: SecretUrl,
  },
  STRANGERS_PER_MINUTE: {
    fallback: '300',
    schema: whole(0, 1_000_000),
  },
  DOCS_PAGE: {
    fallback: 'on',
    schema: z.enum(['on', 'off']),
  },
  METRICS: {
    fallback: 'off',
    schema: z.enum(['on', 'off']),
  },
  COST_FORECAST: {
    fallback: '',
    schema: json(Forecast),
  },
  TRACES: {
    fallback: 'off',
    schema: z.enum(['on', 'off']),
  },
  TRACE_CALLERS: {
    fallback: 'nobody',
    schema: z.enum(TRACE_CALLERS),
  },
  DASHBOARD: {
    fallback: 'on',
    schema: z.enum(['on', 'off']),
  },
  DASHBOARD_SIGN_IN: {
    fallback: '',
    schema: json(SignInPlaces),
  },
  BODY_LIMIT_BYTES: {
    fallback: String(256 * KIB),
    schema: whole(KIB, 16 * MIB),
  },
  BODY_TIMEOUT_MS: {
    fallback: '30000',
    schema: whole(100, 10 * MINUTE),
  },
  MEDIA_BODY_BYTES: {
    fallback: String(8 * MIB),
    schema: whole(1, 64 * MIB),
  },
  JOB_BODY_BYTES: {
    fallback: String(768 * KIB),
    schema: whole(KIB, 7 * MIB),
  },
  JOB_RESULTS: {
    fallback: 'redis',
    schema: z.enum(['redis', 'ledger', 'r2']),
  },
  JOB_RESULTS_BYTES: {
    fallback: String(256 * MIB),
    schema: whole(MIB, 2 ** 40),
  },
  JOB_STORE_BYTES: {
    fallback: String(96 * MIB),
    schema: whole(MIB, 2 ** 40),
  },
  JOB_TIMEOUT_MS: {
    fallback: String(24 * HOUR),
    schema: whole(MINUTE, 24 * HOUR),
  },
  REQUEST_TIMEOUT_MS: {
    fallback: String(2 * MINUTE),
    schema: whole(1000, LONGEST_REQUEST_MS),
  },
  LEASE_SLACK_MS: {
    fallback: '30000',
    schema: whole(100, 5 * MINUTE),
  },
  CATALOG_STORE: {
    fallback: 'off',
    schema: z.enum(['off', 'redis']),
  },
  LOG_PROMPTS: {
    fallback: 'off',
    schema: z.enum(['off', 'redacted']),
  },
  LOG_PROMPTS_HOURS: {
    fallback: '24',
    schema: whole(1, 720),
  },
  LOG_PROMPTS_MOST: {
    fallback: '1000',
    schema: whole(1, 100_000),
  },
  CATALOG: {
    fallback: '',
    schema: json(Catalog),
  },
  UPSTREAM_LOOPBACK: {
    fallback: 'off',
    schema: z.enum(['on', 'off']),
  },
  FIREBASE_ADMIN_URL: {
    fallback: 'https://identitytoolkit.googleapis.com',
    schema: SecretUrl,
  },
  FIREBASE_SERVICE_ACCOUNTS: {
    fallback: '',
    secret: true,
    schema: json(FirebaseServiceAccounts),
  },
  SUPABASE_SERVICE_KEYS: {
    fallback: '',
    secret: true,
    schema: json(SupabaseServiceKeys),
  },
  LEDGER_SUPABASE_URL: {
    fallback: '',
    schema: SecretUrl,
  },
  DRAIN_BATCHES: {
    fallback: String(DRAIN_BATCHES),
    schema: whole(1, 10_000),
  },
  EVENTS_MOST: {
    fallback: '500000',
    schema: whole(10_000, 1_000_000_000),
  },
  LEDGER_SUPABASE_KEY: { fallback: '', secret: true, schema: text },
  WEBHOOK_URL: {
    fallback: '',
    schema: SecretUrl,
  },
  WEBHOOK_SECRET: {
    fallback: '',
    secret: true,
    schema: z.string().refine(isWebhookSecret, 'is no whsec_ and 24 to 64 bytes in base64'),
  },
} as const satisfies Record<string, Variable>
