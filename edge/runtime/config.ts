import * as z from 'zod'
import defaultCatalog from '../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../shared/catalog.ts'
import { isWebhookSecret } from '../notify/webhook.ts'
import { AdminUrl, FirebaseServiceAccounts, SupabaseServiceKeys } from '../sync/config.ts'

/** Variables as every runtime hands them in: text, or not set. An empty text counts as not set. */
export type Variables = Readonly<Record<string, string | undefined>>

const Origin = z
  .string()
  .refine(isOrigin, 'is no exact origin, such as https://app.example or chrome-extension://<id>')
const milliseconds = (fallback: number, least: number, most: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback)

/** Variables of the edge beside those of its issuers (edge/identity/config.ts); README's table lists them all. */
const EdgeVariables = z.object({
  UPSTASH_REDIS_REST_URL: z.url(),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1),
  REDIS_TIMEOUT_MS: milliseconds(2000, 50, 30_000),
  HOST_URL: z.url(),
  SERVICE_TOKEN_PRIVATE_KEY: z
    .string()
    .transform(json)
    .pipe(z.looseObject({ kty: z.string(), kid: z.string() })),
  ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .pipe(z.array(Origin))
    .transform((list) => new Set(list)),
  ANONYMOUS_PLAN: z.string().optional(),
  UNVERIFIED_EMAIL_PLAN: z.string().optional(),
  SUPABASE_CONFIRMS_EMAIL: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true'),
  BODY_LIMIT_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .max(16 * 1024 * 1024)
    .default(256 * 1024),
  JOB_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .max(7 * 1024 * 1024)
    .default(768 * 1024),
  JOB_TIMEOUT_MS: milliseconds(24 * 3_600_000, 60_000, 24 * 3_600_000),
  REQUEST_TIMEOUT_MS: milliseconds(120_000, 1000, 900_000),
  LEASE_SLACK_MS: milliseconds(30_000, 100, 300_000),
  CATALOG: z.string().transform(json).pipe(Catalog).optional(),
  FIREBASE_ADMIN_URL: AdminUrl,
  FIREBASE_SERVICE_ACCOUNTS: z.string().transform(json).pipe(FirebaseServiceAccounts).optional(),
  SUPABASE_SERVICE_KEYS: z.string().transform(json).pipe(SupabaseServiceKeys).optional(),
  LEDGER_SUPABASE_URL: z.url().optional(),
  LEDGER_SUPABASE_KEY: z.string().min(1).optional(),
  WEBHOOK_URL: z.url().optional(),
  WEBHOOK_SECRET: z.string().refine(isWebhookSecret, 'is no whsec_ and 24 to 64 bytes in base64').optional(),
})

/** Names of the variables above, for the test that holds the README's table against them. */
export const EDGE_VARIABLES = Object.keys(EdgeVariables.shape)

/**
 * Reads the edge's configuration.
 * @throws Error that names each bad variable and what is wrong with it, never its value
 */
export function edgeConfig(variables: Variables) {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const result = EdgeVariables.safeParse(set)
  if (!result.success)
    throw new Error(
      `Configuration: ${result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}`,
    )
  const { CATALOG, WEBHOOK_URL, WEBHOOK_SECRET, LEDGER_SUPABASE_URL, LEDGER_SUPABASE_KEY, ...config } =
    result.data
  const catalog = CATALOG ?? Catalog.parse(defaultCatalog)
  for (const plan of [config.ANONYMOUS_PLAN, config.UNVERIFIED_EMAIL_PLAN])
    if (plan && !catalog.plans.some(({ id }) => id === plan))
      throw new Error(`Configuration: there is no plan called ${plan}`)
  if (WEBHOOK_URL && !WEBHOOK_SECRET)
    throw new Error('Configuration: WEBHOOK_URL needs WEBHOOK_SECRET, which signs what is sent')
  const webhook = WEBHOOK_URL && WEBHOOK_SECRET ? { url: WEBHOOK_URL, secret: WEBHOOK_SECRET } : undefined
  if (LEDGER_SUPABASE_URL && !LEDGER_SUPABASE_KEY)
    throw new Error("Configuration: LEDGER_SUPABASE_URL needs LEDGER_SUPABASE_KEY, the project's secret key")
  const ledger =
    LEDGER_SUPABASE_URL && LEDGER_SUPABASE_KEY
      ? { url: LEDGER_SUPABASE_URL, key: LEDGER_SUPABASE_KEY }
      : undefined
  return { ...config, catalog, webhook, ledger }
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  if (!url) return false
  // Chromium and Firefox send an extension's origin as scheme and id; URL.origin is "null" for such schemes.
  if (url.protocol === 'chrome-extension:') return /^chrome-extension:\/\/[a-p]{32}$/.test(text)
  if (url.protocol === 'moz-extension:') return /^moz-extension:\/\/[0-9a-f-]{36}$/.test(text)
  return url.origin === text && (url.protocol === 'https:' || url.protocol === 'http:')
}

function json(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'is not valid JSON' })
    return z.NEVER
  }
}
