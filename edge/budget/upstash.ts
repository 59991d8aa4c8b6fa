import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis/cloudflare'
import { TwohopError } from '../../shared/errors.ts'
import { decisionOf, usageOf, wholeNumber } from './allowance.ts'
import {
  accountKey,
  budgetPrefix,
  KEYS,
  LEASES_PREFIX,
  leasesKey,
  MAX_LEASE_MS,
  RESERVATION_PREFIX,
  reservationKey,
} from './keys.ts'
import type { Budget } from './port.ts'
import { RESERVE } from './reserve.lua.ts'
import type { Script } from './script.ts'
import { SETTLE } from './settle.lua.ts'
import { SWEEP } from './sweep.lua.ts'
import { USAGE } from './usage.lua.ts'

type UpstashBudgetOptions = {
  /** Base URL of the Redis REST API. */
  url: string
  /** Bearer token of the Redis REST API. */
  token: string
  /** Milliseconds that one round trip may take; default 2000. Afterwards the store counts as unavailable. */
  timeoutMs?: number
  /** How often `GET /v1/usage` may be read by one account, per minute; default 60. */
  readsPerMinute?: number
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only: edges' clocks differ. */
  clock?: () => number
  /** Waits before the second and third try of a settlement, in milliseconds; default 100 and 400. */
  settleRetryMs?: readonly number[]
}

/** When to come back while the store is away, in milliseconds. */
const STORE_RETRY_MS = 2000

/** A script holds Redis while it runs; charging one reservation takes about 20 commands. */
const MAX_SWEEP = 1000

/**
 * The budget in Upstash Redis, over HTTP: `reserve`, `settle`, `sweep` and `usage` are one round trip each. Only
 * the first call of a script that Redis does not hold (a new database, SCRIPT FLUSH) takes one more, which brings
 * the script's text along.
 *
 * Calls of one tick share an HTTP request (auto-pipelining). The batch is sent before that tick ends, so on Workers
 * it never holds commands of two requests, whose I/O must not mix.
 *
 * Uses the global `fetch` only. Throws RangeError for counts that are no safe whole numbers and for a lease of no
 * time or longer than MAX_LEASE_MS.
 */
export function createUpstashBudget(options: UpstashBudgetOptions): Budget {
  const { url, token, timeoutMs = 2000, readsPerMinute = 60, settleRetryMs = [100, 400] } = options
  const now = () => options.clock?.() ?? 0
  const redis = new Redis({
    url,
    token,
    // As a function: with a plain signal the client turns an abort into a successful answer (1.39).
    signal: () => AbortSignal.timeout(timeoutMs),
    // Not `false`, which still tries twice (1.39). A hold must not be asked for again while its answer is unknown.
    retry: { retries: 0, backoff: () => 0 },
    enableAutoPipelining: true,
    // Replies are whole numbers and plain words: nothing to decode, nothing to guess.
    automaticDeserialization: false,
    responseEncoding: false,
    readYourWrites: false,
    enableTelemetry: false,
  })
  const reads = new Ratelimit({
    redis,
    // One of its two fixed windows never sets a time to live (the one with a local cache); this one does.
    limiter: Ratelimit.fixedWindow(readsPerMinute, '1 m'),
    prefix: KEYS.reads,
    // By default it lets requests pass when Redis takes over 5 s. With 0 it waits, and the client's time-out decides.
    timeout: 0,
    // Its memory of blocked accounts is unbounded; ours is in blocked.ts.
    ephemeralCache: false,
    analytics: false,
  })

  async function run(script: Script, keys: string[], args: (string | number)[]): Promise<unknown> {
    const texts = args.map(String)
    try {
      return await redis.evalsha(script.sha, keys, texts)
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error
      return await redis.eval(script.lua, keys, texts)
    }
  }

  return {
    async reserve({ requestId, account, units, limits, leaseMs, model, task, plan }) {
      const { minute, day, month } = limits.budgets
      requireCounts(units, limits.requestsPerMinute, limits.concurrent, minute, day, month)
      if (!Number.isSafeInteger(leaseMs) || leaseMs < 1 || leaseMs > MAX_LEASE_MS)
        throw new RangeError(`a lease must be 1 to ${MAX_LEASE_MS} ms, not ${leaseMs}`)

      const decision = await orUnavailable(async () => {
        const reply = await run(
          RESERVE,
          [
            accountKey(account),
            reservationKey(requestId),
            leasesKey(account),
            KEYS.open,
            budgetPrefix(account),
          ],
          [
            requestId,
            account,
            units,
            limits.requestsPerMinute,
            limits.concurrent,
            minute,
            day,
            month,
            leaseMs,
            model,
            task,
            plan,
            now(),
          ],
        )
        return decisionOf(reply, limits, units)
      })
      if (decision === 'id_used')
        throw new TwohopError('internal', `The request id ${requestId} was used before.`)
      return decision
    },

    async settle({ requestId, account, units, promptTokens, outputTokens, computeMs, outcome }) {
      requireCounts(units, promptTokens, outputTokens, computeMs)
      const keys = [reservationKey(requestId), leasesKey(account), KEYS.open, KEYS.events]
      const args = [requestId, units, promptTokens, outputTokens, computeMs, outcome]
      const once = async () => wholeNumber(await run(SETTLE, keys, [...args, now()])) === 1
      // May be asked again, since it is done only once; a repeated one whose first answer was lost gives false.
      for (const waitMs of settleRetryMs) {
        try {
          return await once()
        } catch {
          await new Promise((resolve) => setTimeout(resolve, waitMs))
        }
      }
      return orUnavailable(once)
    },

    async sweep(most) {
      requireCounts(most)
      return orUnavailable(async () => {
        const keys = [KEYS.open, KEYS.events, RESERVATION_PREFIX, LEASES_PREFIX]
        return wholeNumber(await run(SWEEP, keys, [Math.min(most, MAX_SWEEP), now()]))
      })
    },

    async usage(account, limits) {
      const [read, report] = await orUnavailable(() =>
        Promise.all([
          reads.limit(account),
          run(USAGE, [leasesKey(account), budgetPrefix(account)], [now()]).then((reply) =>
            usageOf(reply, limits),
          ),
        ]),
      )
      if (!read.success)
        throw new TwohopError('rate_limited', `Usage may be read ${readsPerMinute} times a minute.`, {
          retryAfterMs: Math.max(1, read.reset - Date.now()),
        })
      return report
    },
  }
}

async function orUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw unavailable(error)
  }
}

/** The client's message repeats the whole command and the URL may hold a name; neither helps a caller. */
function unavailable(cause: unknown): TwohopError {
  return new TwohopError('store_unavailable', 'The budget cannot be checked right now.', {
    retryAfterMs: STORE_RETRY_MS,
    cause,
  })
}

function requireCounts(...counts: number[]): void {
  for (const count of counts)
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`a count must be a whole number up to 2^53-1, not ${count}`)
}
