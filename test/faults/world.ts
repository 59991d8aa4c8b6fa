import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, inject, it } from 'vitest'
import { run } from '../../cli/run.ts'
import type { Difference } from '../../edge/ledger/reconcile.ts'
import { DEAD_LETTERS } from '../../edge/ledger/upstash.ts'
import { createIssuer } from '../../local/issuer/issuer.ts'
import { startPostgres } from '../../local/postgres/start.ts'
import type { Catalog, Model } from '../../shared/catalog.ts'
import { API_KEY_SECRET } from '../fixtures/api-key-form.ts'
import { planLike, planOf } from '../fixtures/catalog.ts'
import { noRedisServer, redisServer } from '../fixtures/redis-server.ts'
import { type EdgeProcess, startEdge } from './edge.ts'
import type { HostAddress, HostRun } from './host.ts'
import { startRedisServer } from './redis-server.ts'

/** Twice as long as an answer with all its steps ever took on a busy machine. */
const LEASE_MS = 10_100
/** What the plan `narrow` may spend a day, in units. */
const NARROW = 500

/** A row of the ledger, as far as these tests look. */
export type LedgerRow = {
  account: string
  requestId: string
  kind: string
  outcome: string
  units: number
  reserved: number
}

export type World = Awaited<ReturnType<typeof startWorld>>

/**
 * Everything around an edge but the host, each a real one: Redis, Postgres with the ledger, an issuer.
 * @param keeps whether Redis has its data again after a crash
 */
export async function startWorld({ keeps = false }: { keeps?: boolean } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-faults-'))
  const redis = await startRedisServer({ dir, keeps })
  const began = thisMonth()
  /** A run over the end of a month sees two. */
  const months = () => new Set([began, thisMonth()])
  let behindMs = 0
  let users = 0
  const issuer = await createIssuer({ ttlSeconds: 7200, now: () => Date.now() - behindMs })
  const postgres = await startPostgres({ supabaseUrl: issuer.supabase.url })
  const { owner } = postgres
  const ledger = { LEDGER_SUPABASE_URL: postgres.url, LEDGER_SUPABASE_KEY: postgres.secretKey }
  const stores = { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token, ...ledger }
  const variables = {
    ...stores,
    ...issuer.environment,
    API_KEY_SECRETS: API_KEY_SECRET,
    CATALOG: JSON.stringify(withPlans(inject('host').catalog)),
    REQUEST_TIMEOUT_MS: String(LEASE_MS - 100),
    LEASE_SLACK_MS: '100',
  }

  return {
    redis,
    postgres,
    stores,
    startEdge({ changed = {}, host = inject('host'), skewMs = 0 }: EdgeOptions = {}) {
      const key = JSON.stringify(host.privateKey)
      const before = { ...variables, HOST_URL: host.url, SERVICE_TOKEN_PRIVATE_KEY: key }
      return startEdge({ ...before, ...changed }, { metricsUrl: host.metricsUrl, skewMs })
    },

    /**
     * A user whom nobody has seen before, whatever the name: a second try of a test meets nothing of the first.
     * @returns with the account a token that was signed `agoMs` ago and lives two hours
     */
    async newUser(name: string, plan = 'roomy', agoMs = 0) {
      const uid = `${name} ${++users}`
      behindMs = agoMs
      const minted = issuer.mintFirebase({
        uid,
        email: `${uid}@example.com`,
        customClaims: { twohop: { plan } },
      })
      behindMs = 0
      const token = await minted
      return { token, account: `firebase:${issuer.firebase.projectId}:${uid}` }
    },

    /** Units used and held of an account, or of the project, since the world was made, and its leases. */
    async spending(account?: string) {
      const spending = { used: 0, held: 0, leases: 0 }
      for (const month of months()) {
        const prefix = account === undefined ? 'twohop:project' : `twohop:budget:${account}`
        const counters = ['HMGET', `${prefix}:month:${month}`, 'used', 'held']
        const [used, held] = await redis.command<(string | null)[]>(...counters)
        spending.used += Number(used ?? 0)
        spending.held += Number(held ?? 0)
      }
      if (account !== undefined)
        spending.leases = await redis.command<number>('ZCARD', `twohop:leases:${account}`)
      return spending
    },

    /** What the ledger has, of one account or of all, in the order in which it came. */
    async ledger(account?: string): Promise<LedgerRow[]> {
      const rows = await owner`
        select account_id, request_id, kind, outcome, units::int, reserved_units::int from twohop.usage_events
        where account_id = coalesce(${account ?? null}, account_id) order by seq`
      return rows.map((row) => ({
        account: row.account_id,
        requestId: row.request_id,
        kind: row.kind,
        outcome: row.outcome,
        units: row.units,
        reserved: row.reserved_units,
      }))
    },

    /** Has an edge sweep and drain until no hold is open, as the scheduled events of the next minutes do. */
    async recovered(edge: EdgeProcess): Promise<void> {
      await eventually(async () => {
        // One that fails, Redis being busy with its return, is made up for by the next.
        await edge.cron().catch(() => {})
        return (await redis.command<number>('ZCARD', 'twohop:open')) === 0
      })
      await edge.cron()
    },

    /** Counters that say more than their budget has. */
    async overLimit(): Promise<string[]> {
      const over: string[] = []
      for (const pattern of ['twohop:budget:*', 'twohop:project:*'])
        for (const key of await redis.command<string[]>('KEYS', pattern)) {
          const [used, held, limit] = (
            await redis.command<(string | null)[]>('HMGET', key, 'used', 'held', 'limit')
          ).map((text) => Number(text ?? 0))
          // One that the rebuild made knows no limit yet.
          if (limit && (used ?? 0) + (held ?? 0) > limit) over.push(key)
        }
      return over
    },

    /** How many events the ledger would not have. */
    deadLetters: () => redis.command<number>('XLEN', DEAD_LETTERS),

    /** The command `twohop reconcile` for each month that there has been, with what it prints as JSON. */
    async reconcile(...options: string[]): Promise<{ differences: Difference[]; rebuilt: number }> {
      Object.assign(process.env, stores, { CATALOG: variables.CATALOG })
      const found = { differences: [] as Difference[], rebuilt: 0 }
      for (const month of months()) {
        let printed = ''
        await run(['reconcile', '--json', '--month', month, ...options], {
          out: (text) => {
            printed += text
          },
          err: () => {},
          colour: false,
          signal: new AbortController().signal,
        })
        const { differences, rebuilt } = JSON.parse(printed)
        found.differences.push(...differences)
        found.rebuilt += rebuilt
      }
      return found
    },

    async stop() {
      await redis.stop()
      await postgres.stop()
      await issuer.close()
      await rm(dir, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

type EdgeOptions = {
  /** Variables other than those of the world. */
  changed?: Record<string, string>
  /** Another host than that of the whole run. */
  host?: HostAddress
  /** How far ahead of the machine's its clock goes. */
  skewMs?: number
}

const thisMonth = () => new Date().toISOString().slice(0, 7)

function withPlans(catalog: Catalog): Catalog {
  const plenty = 1_000_000_000
  const like = (id: string, units: number) =>
    planLike(planOf('pro', catalog), id, {
      limits: { requests_per_minute: 100_000, concurrent: 100 },
      budgets: { minute: units, day: units, month: units },
    })
  return {
    ...catalog,
    project: { budgets: { day: plenty, month: plenty } },
    plans: [...catalog.plans, like('roomy', plenty), like('narrow', NARROW)],
  }
}

/** A suite that needs a redis-server, which only a signal can kill. CI must have one. */
export function describeWithRedis(name: string, suite: () => void): void {
  if (redisServer) describe(name, suite)
  else it.skip(`${name}${noRedisServer}`)
}

/** The model that all these tests ask. */
export const chatModel = modelOf(inject('host').catalog)

function modelOf({ models }: Catalog): Model {
  const [model] = models
  if (!model) throw new Error('the host has no model')
  return model
}

/** What the host computed, request by request. */
export async function hostRuns(): Promise<HostRun[]> {
  const text = await readFile(inject('hostRuns'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line): HostRun => JSON.parse(line))
}

export const sum = (units: readonly number[]) => units.reduce((total, each) => total + each, 0)
export const unitsIn = (rows: readonly { units: number }[]) => sum(rows.map(({ units }) => units))

/** Asks again, 50 times a second for at most 40 s, until it holds. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it did not happen within 40 s')
}
