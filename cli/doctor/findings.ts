import { NEAR } from '../../edge/ledger/bounds.ts'
import { type Catalog, scopeOf } from '../../shared/catalog.ts'
import { secondOf } from '../../shared/seconds.ts'
import type { Finding } from './finding.ts'
import type { StoreState } from './upstash-state.ts'

type Options = {
  catalog: Catalog
  state: StoreState
  /** How many entries the streams may hold; events without a ledger are rolled up, so they have no bound to fear. */
  most: { events: number | undefined; acts: number }
  /** Milliseconds since the epoch. */
  now: number
}

/** What a deployment promises, beside what its store says of it. */
export function findingsOf({ catalog, state, most, now }: Options): Finding[] {
  return [
    ...jobFindings(catalog, state, now),
    deadLetterFinding(state),
    ...boundFindings(state, most),
    ...lagFindings(state, most, now),
  ]
}

/** One finding for each model of which some plan may send jobs. */
function jobFindings(catalog: Catalog, { served }: StoreState, now: number): Finding[] {
  return modelsWithJobs(catalog).map((model) => {
    const until = served.get(model)
    const ok = until !== undefined && until > now
    const ago = until === undefined ? 'ever' : 'lately'
    return {
      check: `jobs of ${model}`,
      ok,
      detail: ok
        ? 'a host looks for them'
        : `no host has looked for any ${ago}, so the edge refuses them (jobs_not_served): set HOST_JOBS_REDIS_URL and ` +
          'HOST_JOBS_REDIS_TOKEN at the host, or leave the scope jobs out of every plan; a host that was scaled to ' +
          'zero looks when it starts',
    }
  })
}

function modelsWithJobs({ plans, models }: Catalog): string[] {
  const offering = plans.filter(({ scopes }) => scopes.includes('jobs'))
  return models.flatMap(({ id, tasks }) =>
    offering.some(
      (plan) => plan.models.includes(id) && tasks.some((task) => plan.scopes.includes(scopeOf(task))),
    )
      ? [id]
      : [],
  )
}

function boundFindings(state: StoreState, most: Options['most']): Finding[] {
  return (['events', 'acts'] as const).flatMap((what) => {
    const bound = most[what]
    if (bound === undefined) return []
    const ok = state[what] < bound * NEAR
    // The newest acts stay for `twohop audit` when the ledger has them.
    const detail = `${state[what]} ${what === 'acts' ? 'are kept' : 'wait'}, ${bound} is the most`
    const cause =
      most.events === undefined
        ? 'the oldest go then; a ledger keeps them for good (LEDGER_SUPABASE_URL)'
        : 'the ledger does not keep up, or is away'
    return [{ check: `${what} in Redis`, ok, detail: ok ? detail : `${detail}: ${cause}` }]
  })
}

/** How late an event may be in the ledger, in milliseconds: runs are a minute apart. */
const LATE_MS = 10 * 60_000

/** Without a ledger events wait for nothing. */
function lagFindings({ oldestEventAt }: StoreState, most: Options['most'], now: number): Finding[] {
  if (most.events === undefined) return []
  const lagMs = oldestEventAt === undefined ? 0 : Math.max(0, now - oldestEventAt)
  const ok = lagMs < LATE_MS
  const detail = `the oldest event waits for ${secondOf(lagMs)} s`
  return [
    { check: 'ledger', ok, detail: ok ? detail : `${detail}: look at the drain's line in the edge's log` },
  ]
}

function deadLetterFinding({ deadLetters }: StoreState): Finding {
  const ok = deadLetters === 0
  return {
    check: 'dead letters',
    ok,
    detail: ok ? 'none' : `${deadLetters} entries that the ledger can never take: see twohop:events:dead`,
  }
}
