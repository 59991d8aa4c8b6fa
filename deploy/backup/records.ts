import type { Sql } from 'postgres'
import { ENDED_API_KEY_KEPT_MS, MAX_TOKEN_AGE_MS, WINDOW_KEPT_MS } from '../../edge/store/lifetimes.ts'
import {
  accountRedisKey,
  apiKeyRedisKey,
  apiKeysRedisKey,
  BUDGET_PREFIX,
} from '../../edge/store/redis-keys.ts'
import { listOf, orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'

/** How many rows are read, and how many records are written, at a time. */
const PAGE = 200

/** Writes the fields of a record that it lacks: what was set since the loss stays. ARGV[1]: its end (ms), empty for none. */
const PUT_BACK = `
local there = redis.call('EXISTS', KEYS[1])
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[1] == '' then redis.call('PERSIST', KEYS[1])
elseif there == 0 then redis.call('PEXPIREAT', KEYS[1], ARGV[1])
else redis.call('PEXPIREAT', KEYS[1], ARGV[1], 'GT') end
return 1 - there`

type Options = {
  /** A connection of whoever owns the ledger: nobody else may read the sums of API keys. */
  sql: Sql
  redis: UpstashOptions
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Puts back into Redis what administration set of accounts, and API keys that still work, as the ledger had them at the last
 * drain. With them go the units that grants paid in windows that still run: without them those units would count against the
 * budget, and the rest of the grant would pay them again. A record that is there keeps what it says. The plan of an API key
 * is not in the ledger: such a key is on its account's plan, or else on the default one.
 * @returns how many records were made
 * @throws TwohopError store_unavailable; or what Postgres says
 */
export async function restoreRecords({ sql, redis: options, now }: Options) {
  const redis = upstashClient(options)
  const run = (...words: (string | number)[]) => redis.command(...words)
  const putBack = async (key: string, ends: number | '', fields: Record<string, string | number>) =>
    Number(await run('EVAL', PUT_BACK, 1, key, ends, ...Object.entries(fields).flat()))

  async function account({ id, ...row }: AccountRow): Promise<number> {
    const grantedUntil = row.extra_units > 0 && (row.extra_until ?? 0) > now() ? (row.extra_until ?? 0) : 0
    const lasting = {
      ...(row.status === 'suspended' && { status: row.status }),
      ...(row.plan_id !== null && { plan: row.plan_id }),
      ...(row.billing_day !== null && { billing_day: row.billing_day }),
    }
    const passing = {
      ...(row.revoked_before !== null && { revoked_before: row.revoked_before }),
      ...(grantedUntil > 0 && { extra_units: row.extra_units, extra_until: grantedUntil, extra_from: now() }),
    }
    const fields: Record<string, string | number> = { ...lasting, ...passing }
    if (Object.keys(fields).length === 0) return 0
    const ends = Math.max(
      row.revoked_before === null ? 0 : row.revoked_before * 1000 + MAX_TOKEN_AGE_MS,
      grantedUntil,
    )
    return putBack(accountRedisKey(id), Object.keys(lasting).length > 0 ? '' : ends + WINDOW_KEPT_MS, fields)
  }

  async function apiKey(row: ApiKeyRow): Promise<number> {
    const made = await putBack(apiKeyRedisKey(row.key_id), row.expires_at + ENDED_API_KEY_KEPT_MS, {
      account: row.account_id,
      secret_hash: row.hash,
      scopes: row.scopes.join(' '),
      name: row.name,
      created_at: row.created_at,
      expires_at: row.expires_at,
      ...(row.made_by !== null && { made_by: row.made_by }),
      ...(row.last_used_at !== null && { last_used_at: row.last_used_at }),
    })
    if (made === 0) return 0
    const index = apiKeysRedisKey(row.account_id)
    await run('ZADD', index, row.expires_at, row.key_id)
    const [last] = listOf(await run('ZRANGE', index, -1, -1, 'WITHSCORES')).slice(1)
    await run('PEXPIREAT', index, Number(last))
    return 1
  }

  const drawn = ({ account_id, name, units }: DrawnRow) =>
    putBack(`${BUDGET_PREFIX}${account_id}:${name}`, now() + LONGEST_WINDOW_MS + WINDOW_KEPT_MS, {
      extra: units,
    })

  return orUnavailable(async () => {
    const restored = { accounts: 0, api_keys: 0 }
    for await (const page of accountsOf(sql).cursor(PAGE))
      for (const made of await Promise.all(page.map(account))) restored.accounts += made
    for await (const page of apiKeysOf(sql).cursor(PAGE))
      for (const made of await Promise.all(page.map(apiKey))) restored.api_keys += made
    for await (const page of drawnOf(sql).cursor(PAGE)) await Promise.all(page.map(drawn))
    return restored
  })
}

type AccountRow = {
  id: string
  status: string
  plan_id: string | null
  billing_day: number | null
  /** Seconds since the epoch. */
  revoked_before: number | null
  extra_units: number
  /** Milliseconds since the epoch, as all other times. */
  extra_until: number | null
}

/** Accounts of which administration set something, with what is left of a grant: less what was drawn since it acted. */
const accountsOf = (sql: Sql) => sql<AccountRow[]>`
  select account.id, account.status, account.plan_id, settings.billing_day,
    extract(epoch from account.revoked_before)::float8 as revoked_before,
    greatest(0, coalesce(settings.extra_units, 0) - coalesce((select sum(event.extra_units)
      from twohop.usage_events as event
      where event.account_id = account.id and event.at >= account.mirrored_at), 0))::float8 as extra_units,
    (extract(epoch from settings.extra_until) * 1000)::float8 as extra_until
  from twohop.accounts as account left join twohop.account_overrides as settings on settings.account_id = account.id
  where account.mirrored_at is not null
  order by account.id`

type ApiKeyRow = {
  key_id: string
  account_id: string
  name: string
  hash: string
  scopes: string[]
  made_by: string | null
  created_at: number
  expires_at: number
  last_used_at: number | null
}

const apiKeysOf = (sql: Sql) => sql<ApiKeyRow[]>`
  select key_id, account_id, name, encode(hash, 'hex') as hash, scopes, made_by,
    round(extract(epoch from created_at) * 1000)::float8 as created_at,
    round(extract(epoch from expires_at) * 1000)::float8 as expires_at,
    round(extract(epoch from last_used_at) * 1000)::float8 as last_used_at
  from twohop.api_keys
  where key_id is not null and revoked_at is null and expires_at > now()
  order by key_id`

/** The longest that a window lasts: a month whose billing day has changed. The next request in it sets its own end. */
const LONGEST_WINDOW_MS = 62 * 86_400_000

/** A window of an account, such as `day:2026-11-21`, and the units in it that a grant paid. */
type DrawnRow = { account_id: string; name: string; units: number }

/** Of today, and of months that began in this UTC month or within the last one. */
const drawnOf = (sql: Sql) => sql<DrawnRow[]>`
  with today as (select date_trunc('day', now() at time zone 'utc') as starts), recent as (
    select event.* from twohop.usage_events as event, today
    where event.extra_units <> 0 and event.reserved_at >= (today.starts - interval '62 days') at time zone 'utc'
  )
  select account_id, name, sum(extra_units)::float8 as units from (
    select account_id, 'day:' || to_char(today.starts, 'YYYY-MM-DD') as name, extra_units
    from recent, today where reserved_at >= today.starts at time zone 'utc'
    union all
    select account_id, 'month:' || charged_month, extra_units from recent, today
    where charged_month collate "C" >= to_char(date_trunc('month', today.starts) - interval '1 month', 'YYYY-MM-DD')
  ) as drawn
  group by account_id, name having sum(extra_units) > 0
  order by account_id, name`
