import { TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import {
  BUDGET_WINDOWS,
  type Budget,
  type Limits,
  type Refusal,
  type ReserveRequest,
  spenderId,
} from './port.ts'

type RememberOptions = {
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Accounts remembered at most, in each of two memories; default 10,000, about 5 MB. */
  capacity?: number
}

/**
 * The longest that a refusal of a call is repeated from memory, in milliseconds. A plan or a grant that another isolate
 * has written takes effect after it.
 */
const MAX_BLOCK_MS = 1000
/** The same for reads, whose limit nobody can raise: a window of it. */
const MAX_READ_BLOCK_MS = 60_000

/**
 * A budget that remembers, in this process, accounts that the store is certain to refuse, and refuses them without
 * asking it. These are accounts whose requests of the minute are used up, and accounts that have spent a whole budget.
 * Units that are only held do not count: a hold may be released at any moment.
 *
 * A caller with higher limits than the refused ones goes to the store. So does everybody after at most a second, and at
 * once after `forget`. Suspension, concurrency and the project's budget are never remembered: they may end at once, or
 * concern other accounts.
 */
export function rememberRefusals(
  budget: Budget,
  options: RememberOptions,
): Budget & {
  /** Forgets every refused call. To be called when an account's record has changed. */
  forget(): void
} {
  const { now, capacity = 10_000 } = options
  const newCalls = () => blockMemory<{ refusal: Refusal; limits: Limits }>(now, capacity, MAX_BLOCK_MS)
  let calls = newCalls()
  const reads = blockMemory<string>(now, capacity, MAX_READ_BLOCK_MS)

  return {
    async reserve(request) {
      const spender = spenderId(request.spender)
      const known = calls.get(spender)
      if (known && !mayPass(known.value.refusal, known.value.limits, request))
        return aged(known.value.refusal, known.ageMs)

      // What is decided before `forget` is not remembered after it.
      const memory = calls
      const decision = await budget.reserve(request)
      if ('allowance' in decision && !decision.granted) {
        const blockMs = certainMs(decision)
        if (blockMs > 0) memory.set(spender, { refusal: decision, limits: request.limits }, blockMs)
      }
      return decision
    },

    forget() {
      calls = newCalls()
    },

    settle: (settlement) => budget.settle(settlement),
    sweep: (most) => budget.sweep(most),
    plan: (spender) => budget.plan(spender),

    async usage(spender, plan, limits) {
      const reader = spenderId(spender)
      const known = reads.get(reader)
      if (known) throw new TwohopError('rate_limited', known.value, { retryAfterMs: known.leftMs })
      try {
        return await budget.usage(spender, plan, limits)
      } catch (error) {
        if (error instanceof TwohopError && error.code === 'rate_limited')
          reads.set(reader, error.message, error.retryAfterMs ?? 0)
        throw error
      }
    },
  }
}

/** For how many milliseconds a refused account is certain to be refused, whatever it asks for; 0 when uncertain. */
function certainMs({ code, window, allowance }: Refusal): number {
  if (!allowance) return 0
  if (code === 'rate_limited') return allowance.requests.resetMs
  if ((code !== 'budget_exhausted' && code !== 'budget_minute_exhausted') || !window) return 0
  const { used, limit, resetMs } = allowance.budgets[window]
  return used >= limit ? resetMs : 0
}

function mayPass(
  { code, window }: Refusal,
  before: Limits,
  { limits, units, idempotency, cache }: ReserveRequest,
): boolean {
  if (code === 'rate_limited') return limits.requestsPerMinute > before.requestsPerMinute
  // A repeated answer needs no budget, only a request of the minute. A request of 0 units fits into a spent budget, and so does
  // an answer of before that costs nothing.
  if (idempotency !== undefined || units === 0 || cache?.share === 0) return true
  return window !== undefined && limits.budgets[window] > before.budgets[window]
}

/** The refusal with its waits shortened by its age. */
function aged(refusal: Refusal, ageMs: number): Refusal {
  const later = (ms: number) => Math.max(1, ms - ageMs)
  const { allowance, retryAfterMs } = refusal
  if (!allowance) return refusal
  const budgets = { ...allowance.budgets }
  for (const window of BUDGET_WINDOWS)
    budgets[window] = { ...budgets[window], resetMs: later(budgets[window].resetMs) }
  const requests = { ...allowance.requests, resetMs: later(allowance.requests.resetMs) }
  return {
    ...refusal,
    retryAfterMs: retryAfterMs === undefined ? undefined : later(retryAfterMs),
    allowance: { requests, budgets },
  }
}

/** Values by spender for a limited time, each with its age and the time left, in milliseconds. */
function blockMemory<T>(now: () => number, capacity: number, longestMs: number) {
  const blocks = createExpiringMap<string, { value: T; since: number; until: number }>({ capacity, now })
  return {
    get(spender: string) {
      const block = blocks.get(spender)
      return block && { value: block.value, ageMs: now() - block.since, leftMs: block.until - now() }
    },
    set(spender: string, value: T, blockMs: number) {
      const until = now() + Math.min(blockMs, longestMs)
      blocks.set(spender, { value, since: now(), until }, until)
    },
  }
}
