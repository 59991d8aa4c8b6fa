import { createApp } from '../app.ts'
import { rememberRefusals } from '../budget/blocked.ts'
import { createUpstashBudget } from '../budget/upstash.ts'
import { issuersFromConfig } from '../identity/config.ts'
import { createVerifyToken } from '../identity/verify.ts'
import { createOwnHost } from '../upstream/own-host.ts'
import { createServiceTokenSigner } from '../upstream/service-token.ts'
import { edgeConfig, type Variables } from './config.ts'

/**
 * Builds the edge from its variables: the same ports on every runtime, all of which have fetch, WebCrypto and a clock.
 * @throws Error that names each variable that does not fit
 */
export function createEdge(variables: Variables) {
  const config = edgeConfig(variables)
  const now = () => Date.now()
  const network: typeof fetch = (input, init) => fetch(input, init)
  const budget = rememberRefusals(
    createUpstashBudget({
      url: config.UPSTASH_REDIS_REST_URL,
      token: config.UPSTASH_REDIS_REST_TOKEN,
      timeoutMs: config.REDIS_TIMEOUT_MS,
    }),
  )
  const app = createApp({
    catalog: config.catalog,
    policy: {
      anonymousPlan: config.ANONYMOUS_PLAN,
      unverifiedEmailPlan: config.UNVERIFIED_EMAIL_PLAN,
      supabaseConfirmsEmail: config.SUPABASE_CONFIRMS_EMAIL,
    },
    allowedOrigins: config.ALLOWED_ORIGINS,
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    leaseSlackMs: config.LEASE_SLACK_MS,
    verifyToken: createVerifyToken(issuersFromConfig(variables), { fetch: network, now }),
    budget,
    host: createOwnHost({
      url: config.HOST_URL,
      sign: createServiceTokenSigner(config.SERVICE_TOKEN_PRIVATE_KEY, now),
      fetch: network,
      now,
    }),
    now,
    newRequestId: () => crypto.randomUUID(),
  })
  return { app, budget }
}

/** Reservations that one sweep charges at most; the next minute's takes the rest. */
const SWEEP_MOST = 1000

/** Charges reservations whose request was never settled. Returns how many. */
export function sweep({ budget }: ReturnType<typeof createEdge>): Promise<number> {
  return budget.sweep(SWEEP_MOST)
}
