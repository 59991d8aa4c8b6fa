import { TwohopError } from '../../shared/errors.ts'
import type { RunScript, ScriptCall } from '../../shared/redis-script.ts'
import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { wait } from '../../shared/wait.ts'
import type { ErrorCounts } from '../stats/error-counts.ts'
import { REDIS_KEYS } from '../store/redis-keys.ts'
import { createUpstashLimiter } from '../store/upstash-limiter.ts'
import { chargedOf, decisionOf, usageOf } from './allowance.ts'
import { reserveCall, settleCall, sweepCall, usageCall } from './commands.ts'
import { createGroupCommit } from './group-commit.ts'
import { type Budget, type Limits, type ProjectBudgets, type Refusal, spenderId } from './port.ts'
import { refused } from './refused.ts'

type UpstashBudgetOptions = {
  /** Base URL of the Redis REST API. */
  url: string
  /** Bearer token of the Redis REST API. */
  token: string
  /** Shared by all clients of the store; default none. A settlement is sent also while the store is away. */
  breaker?: UpstashOptions['breaker']
  /** Sends requests; default: the global `fetch`. */
  fetch?: UpstashOptions['fetch']
  /** Milliseconds that one round trip may take; default 2000. A longer one counts as store_unavailable. */
  timeoutMs?: number
  /** What the whole deployment may spend; default: no cap. */
  project?: ProjectBudgets | undefined
  /** How often one account may read `GET /v1/usage` a minute; default 60. */
  readsPerMinute?: number
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only: edges' clocks differ. */
  clock?: () => number
  /** Waits between the tries of a settlement, in milliseconds; default 100 and 400. */
  settleRetryMs?: readonly number[]
  /** Errors that go along with settlements and sweeps; default: none are counted. */
  errors?: Pick<ErrorCounts, 'take' | 'giveBack'> | undefined
  /** Whether counters for `GET /metrics` are kept, which takes two more commands a request; default false. */
  metrics?: boolean
  /** Milliseconds for which a settlement waits for others, to share a request with them; default 10. */
  gatherMs?: number
}

const NOT_COUNTED = { take: () => '', giveBack() {} }

const NO_LIMITS: Limits = { requestsPerMinute: 0, concurrent: 0, budgets: { minute: 0, day: 0, month: 0 } }

/**
 * The budget in Upstash Redis, over HTTP: `reserve`, `settle`, `sweep` and `usage` are one round trip each, `usage` with an
 * API key two. Settlements of several requests share one (edge/budget/group-commit.ts). A script
 * that Redis does not hold (a new database, SCRIPT FLUSH) takes one more round trip at its first call, which sends the
 * script's text.
 *
 * Calls of one tick share an HTTP request (auto-pipelining). The batch is sent before that tick ends, so on Workers it
 * never holds commands that two requests have sent, whose I/O must not mix.
 *
 * It throws RangeError for counts that are no safe whole numbers, and for a lease of 0
 * ms or longer than MAX_LEASE_MS.
 */
export function createUpstashBudget(options: UpstashBudgetOptions): Budget {
  const {
    url,
    token,
    breaker,
    fetch,
    timeoutMs = 2000,
    project = {},
    readsPerMinute = 60,
    settleRetryMs = [100, 400],
    gatherMs = 10,
    errors = NOT_COUNTED,
    metrics = false,
  } = options
  const now = () => options.clock?.() ?? 0
  const redis = upstashClient({ url, token, timeoutMs, breaker, fetch })
  const insisting = upstashClient({ url, token, timeoutMs, breaker, fetch, insists: true })
  const countRead = createUpstashLimiter({
    redis,
    prefix: REDIS_KEYS.reads,
    perMinute: readsPerMinute,
    message: `Usage may be read ${readsPerMinute} times a minute.`,
  })

  const run: RunScript = (call) => runScript(redis, call)
  const insist: RunScript = (call) => runScript(insisting, call)
  /** Sends what the errors go along with. Where it fails they are counted again: then rather twice than never. */
  async function withErrors<T>(send: (taken: string) => Promise<T>): Promise<T> {
    const taken = errors.take()
    try {
      return await send(taken)
    } catch (error) {
      errors.giveBack(taken)
      throw error
    }
  }
  const commit = createGroupCommit({
    // They start in one tick, so they share a request.
    send: (calls: readonly ScriptCall[]) => Promise.allSettled(calls.map(insist)),
    wait,
    gatherMs,
    replyMs: timeoutMs,
  })

  return {
    async reserve(request) {
      const call = reserveCall(request, project, now())
      const decision = await orUnavailable(async () =>
        decisionOf(await run(call), request.limits, request.units),
      )
      if (decision === 'id_used')
        throw new TwohopError('internal', `The request id ${request.requestId} was used before.`)
      return decision
    },

    settle: (settlement) =>
      withErrors(async (taken) => {
        const call = settleCall(settlement, now(), { errors: taken, metrics })
        const by = async (way: RunScript) => {
          const { count, crossed } = chargedOf(await way(call))
          return { settled: count === 1, crossed }
        }
        // The first try goes with others, unless it carries a whole answer. A settlement may be sent again: it takes effect
        // only once. If its first reply was lost, the second settles nothing.
        let send = settlement.idempotency?.answer || settlement.cache ? insist : commit
        for (const waitMs of settleRetryMs) {
          try {
            return await by(send)
          } catch {
            // An earlier try's error is dropped. The caller logs what the last try throws.
            await wait(waitMs)
            send = insist
          }
        }
        return orUnavailable(() => by(send))
      }),

    sweep: (most) =>
      withErrors(async (taken) => {
        const call = sweepCall(most, now(), { errors: taken, metrics })
        const { count, crossed } = await orUnavailable(async () => chargedOf(await run(call)))
        return { charged: count, crossed }
      }),

    async plan(spender) {
      const call = usageCall({ ...spender, plan: '' }, '', NO_LIMITS, now())
      const report = await orUnavailable(async () => usageOf(await run(call), NO_LIMITS))
      if (isRefusal(report)) throw refused(report, now())
      return 'plan' in report ? report.plan : undefined
    },

    async usage(spender, plan, limits) {
      const call = usageCall(spender, plan, limits, now())
      const read = async () => usageOf(await run(call), limits)
      const count = () => countRead(spenderId(spender))
      const [tooMany, report] = await orUnavailable(async () => {
        // A token has been verified, so both go in one request. A key may be anybody's: nothing is counted for a
        // stranger, who could have as many counters made.
        if ('account' in spender) return Promise.all([count(), read()])
        const found = await read()
        return [isRefusal(found) ? undefined : await count(), found] as const
      })
      if (isRefusal(report)) throw refused(report, now())
      if (tooMany) throw tooMany
      return report
    },
  }
}

function isRefusal(report: ReturnType<typeof usageOf>): report is Refusal {
  return 'code' in report && report.code !== 'plan_is'
}
