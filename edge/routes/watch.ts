import type { Context, Handler } from 'hono'
import { secondOf } from '../../shared/seconds.ts'
import { type Caller, requireAdmin } from '../access/caller.ts'
import { type Administered, createReach } from '../admin/target.ts'
import type { AnomalyRecord, ReadAnomaly } from '../admin/upstash-anomaly.ts'
import type { AccountStore } from '../budget/accounts.ts'
import { spenderId } from '../budget/port.ts'
import type { ReadStats } from '../stats/port.ts'
import type { HostState, Upstreams } from '../upstream/upstreams.ts'
import type { Env } from './env.ts'

type Options = {
  callerOf: (c: Context<Env>) => Promise<Caller>
  administered: Administered
  accounts: Pick<AccountStore, 'get'>
  readAnomaly: ReadAnomaly
  hostStates: Upstreams['states']
  readStats: Pick<ReadStats, 'countView'>
  /** Milliseconds since the epoch. */
  now: () => number
}

/** How many credentials are shown that were found. */
const FOUND_SHOWN = 50

/** For how long what hosts said is given again, in milliseconds, so that no reader calls them more often. */
const FRESH_MS = 3000

/** What administrators watch: hosts, and credentials whose use is unusual. */
export function watchRoutes(options: Options) {
  const { callerOf, accounts, readAnomaly, hostStates, readStats, now } = options
  const { reaches } = createReach(options.administered)
  let known: { hosts: HostState[]; at: number } | undefined

  async function admin(c: Context<Env>): Promise<Caller> {
    return requireAdmin(await callerOf(c))
  }

  return {
    'GET /v1/admin/hosts': async (c) => {
      const { payer, account } = await admin(c)
      await readStats.countView(spenderId(payer))
      if (!known || now() - known.at >= FRESH_MS)
        known = { hosts: await hostStates({ requestId: c.var.requestId, account }), at: now() }
      return c.json({ object: 'list', at: secondOf(known.at), data: known.hosts.map(shownHost) })
    },
    'GET /v1/admin/anomalies': async (c) => {
      const { payer, account: by } = await admin(c)
      await readStats.countView(spenderId(payer))
      const seen = await readAnomaly.found(FOUND_SHOWN, (account) => reaches(by, account))
      const data = await Promise.all(
        seen.map(async ({ account, key, foundAt, ...score }) => {
          const { status } = await accounts.get(account)
          return { account, key: key ?? null, status, found_at: secondOf(foundAt), ...shownScore(score) }
        }),
      )
      return c.json({ object: 'list', data })
    },
  } satisfies Record<string, Handler<Env>>
}

function shownHost(host: HostState) {
  if ('error' in host) return { ...host, models: [] }
  return {
    ...host,
    error: null,
    models: host.models.map(({ cache, ...model }) => ({ ...model, cache: cache ?? null })),
  }
}

/** A score as the API shows it; times are seconds since the epoch. */
export function shownScore({ score, why, at, challengedAt }: AnomalyRecord) {
  return {
    score,
    why,
    at: secondOf(at),
    challenged_at: challengedAt === undefined ? null : secondOf(challengedAt),
  }
}
