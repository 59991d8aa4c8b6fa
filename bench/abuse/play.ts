import type { Watched } from '../../edge/budget/anomaly.ts'
import type { Budget } from '../../edge/budget/port.ts'
import { createUpstashBudget } from '../../edge/budget/upstash.ts'
import type { Ask, Kind, Person } from './people.ts'

/** What became of one person's month. */
export type Played = {
  kind: Kind
  requests: number
  /** Requests that scored high enough, before what should be found began. */
  wrong: number
  /** Requests, and milliseconds, from when it began until it was found; undefined where it was not, or nothing was to be. */
  found: { requests: number; ms: number } | undefined
  sought: boolean
  /** The highest score before it began, and why. */
  highest: { score: number; why: string }
}

type Store = { url: string; token: string }

const PLENTY = { requestsPerMinute: 1e6, concurrent: 1e6, budgets: { minute: 1e12, day: 1e12, month: 1e12 } }
/** What refuses a request that is to be refused. */
const NOTHING = { ...PLENTY, requestsPerMinute: 0 }
/** The month begins here. */
const BEGINS = Date.UTC(2026, 10, 1)

/**
 * Plays everybody's month against the store, in the order of time: the scripts and the scores are the edge's own, on a set
 * clock.
 * @param at the score from which on a request counts as found
 */
export async function play(
  store: Store,
  persons: readonly Person[],
  at: number,
  signal?: AbortSignal,
): Promise<Played[]> {
  const clock = { now: BEGINS }
  const budget = createUpstashBudget({ ...store, timeoutMs: 60_000, gatherMs: 0, clock: () => clock.now })
  const played = persons.map(
    ({ kind, since }): Played => ({
      kind,
      requests: 0,
      wrong: 0,
      found: undefined,
      sought: since !== undefined,
      highest: { score: 0, why: '' },
    }),
  )
  const order = persons
    .flatMap((person, index) => person.asks.map((ask) => ({ ask, person, index })))
    .toSorted((a, b) => a.ask.at - b.ask.at)
  const asksSince = persons.map(() => 0)
  for (const [n, { ask, person, index }] of order.entries()) {
    signal?.throwIfAborted()
    const one = played[index]
    if (!one || one.found) continue
    clock.now = BEGINS + Math.round(ask.at)
    const odd = await asked(budget, `r${n}`, person.account, ask, at)
    one.requests++
    const begun = person.since !== undefined && ask.at >= person.since
    if (begun) asksSince[index] = (asksSince[index] ?? 0) + 1
    else if (odd && odd.score >= one.highest.score) one.highest = odd
    if (!odd || odd.score < at) continue
    if (begun) one.found = { requests: asksSince[index] ?? 0, ms: ask.at - (person.since ?? 0) }
    else one.wrong++
  }
  return played
}

/** One request, and its settlement where it was granted. Gives its score, where it has one. */
async function asked(budget: Budget, requestId: string, account: string, ask: Ask, at: number) {
  const { country, network, refused, maxed } = ask
  // From 1 on, each score is told.
  const watched: Watched = { action: 'log', at: Math.min(1, at), country, network }
  const common = { model: 'm', task: 'chat', plan: 'p' }
  const decision = await budget.reserve({
    ...common,
    requestId,
    spender: { account, issuedAt: BEGINS / 1000, plan: 'p' },
    units: 10,
    limits: refused ? NOTHING : PLENTY,
    leaseMs: 60_000,
    watched,
  })
  if (!decision.granted) return undefined
  await budget.settle({
    requestId,
    reserved: { ...common, account, units: 10, key: '' },
    ...{ units: 5, promptTokens: 1, outputTokens: 1, computeMs: 1 },
    outcome: 'ok',
    maxed,
  })
  return decision.anomaly
}
