import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres, { type Sql } from 'postgres'
import type { Budget } from '../../edge/budget/port.ts'
import { createUpstashBudget } from '../../edge/budget/upstash.ts'
import { startPart } from '../../local/part.ts'
import { findInstalledPostgres } from '../../local/postgres/binaries.ts'
import { startServer } from '../../local/postgres/server.ts'
import { startRedis } from '../../local/redis/start.ts'

const RESTORE = new URL('restore', import.meta.url).pathname
const LEDGER = new URL('../../local/postgres/front.ts', import.meta.url)
/** More than any plan has. */
const PLENTY = Number.MAX_SAFE_INTEGER

/** A spender of the restored stores, whose budget is used up to the unit. */
export type Refused = {
  account: string
  /** What the ledger says that the account used this month. */
  units: number
  /** The answer to one unit more, within a month of as many units as were used. */
  code: string
  /** Whether it is let in with a month of one unit more. */
  admitted: boolean
}

export type DrillReport = {
  /** What `deploy/backup/restore` printed. */
  printed: string
  events: number
  units: number
  refused: Refused | undefined
  took_ms: number
}

/** The restored stores, while they run. */
export type Restored = { sql: Sql; redis: { url: string; token: string } }

/**
 * Restores a dump into a Postgres and a Redis of its own, by the command that an emergency has, and asks the budget of whoever
 * used the most this month. Both stores are gone afterwards.
 * @param look is called with the stores before they end
 * @throws Error where no PostgreSQL or redis-server is installed, or the restoration fails, with what it said
 */
export async function drill(
  dump: string,
  look?: (restored: Restored) => Promise<void>,
): Promise<DrillReport> {
  const binaries = await findInstalledPostgres()
  if (!binaries) throw new Error('no PostgreSQL is installed: its server, psql and pg_restore are needed')
  const began = Date.now()
  const dir = await mkdtemp(join(tmpdir(), 'twohop-drill-'))
  const ends = [() => rm(dir, { recursive: true, force: true })]
  try {
    const redis = await startRedis({ dir, prefer: 'redis-server' })
    ends.unshift(() => redis.stop())
    const server = await startServer(binaries)
    ends.unshift(() => server.stop())
    const { host, port, user, password } = server.address
    const database = {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: 'postgres',
    }
    const key = randomBytes(24).toString('base64url')
    const ledger = await startPart<{ url: string }>(LEDGER, {
      env: { ...database, LEDGER_KEY: key, LEDGER_PORT: '0' },
    })
    ends.unshift(() => ledger.stop())

    const { stdout } = await promisify(execFile)(RESTORE, [dump], {
      env: {
        ...process.env,
        ...database,
        PATH: `${binaries.bin}:${process.env.PATH}`,
        UPSTASH_REDIS_REST_URL: redis.url,
        UPSTASH_REDIS_REST_TOKEN: redis.token,
        LEDGER_SUPABASE_URL: ledger.ready.url,
        LEDGER_SUPABASE_KEY: key,
      },
    })
    const sql = postgres({ ...server.address, database: 'postgres', max: 1, onnotice: () => {} })
    ends.unshift(() => sql.end({ timeout: 1 }))
    const [sums] = await sql<{ events: number; units: number }[]>`
      select count(*)::float8 as events, coalesce(sum(units), 0)::float8 as units from twohop.usage_events`
    await look?.({ sql, redis })
    return {
      printed: stdout,
      ...{ events: sums?.events ?? 0, units: sums?.units ?? 0 },
      refused: await askTheMost(sql, createUpstashBudget({ url: redis.url, token: redis.token })),
      took_ms: Date.now() - began,
    }
  } finally {
    for (const end of ends) await end()
  }
}

/** Asks for one unit more than whoever used the most this UTC month has, and for one within it. Undefined where nobody used any. */
async function askTheMost(sql: Sql, budget: Budget): Promise<Refused | undefined> {
  const [most] = await sql<{ account: string; units: number }[]>`
    select account.id as account, sum(event.units)::float8 as units
    from twohop.usage_events as event join twohop.accounts as account on account.id = event.account_id
    left join twohop.account_overrides as settings on settings.account_id = account.id
    where event.charged_month = to_char(now() at time zone 'utc', 'YYYY-MM') and account.status = 'active'
      and account.plan_id is null
      and settings.billing_day is null and coalesce(settings.extra_units, 0) = 0
    group by account.id having sum(event.units) > 0 order by units desc limit 1`
  if (!most) return undefined
  const ask = (month: number) =>
    budget.reserve({
      requestId: `drill ${randomBytes(12).toString('base64url')}`,
      spender: { account: most.account, issuedAt: Math.floor(Date.now() / 1000), plan: 'drill' },
      ...{ plan: 'drill', model: 'drill', task: 'chat', units: 1, leaseMs: 1000 },
      limits: {
        requestsPerMinute: PLENTY,
        concurrent: PLENTY,
        budgets: { minute: PLENTY, day: PLENTY, month },
      },
    })
  const decision = await ask(most.units)
  return {
    ...most,
    code: 'code' in decision ? decision.code : 'granted',
    admitted: 'granted' in (await ask(most.units + 1)),
  }
}
