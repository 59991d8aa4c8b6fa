import { type ScriptCall, scriptCall } from '../../shared/redis-script.ts'
import type { Act } from '../audit/port.ts'
import { actWords } from '../audit/upstash.ts'
import { packedMeasured } from '../stats/measured.ts'
import { MAX_LEASE_MS } from '../store/lifetimes.ts'
import {
  AUDIT_STREAM,
  apiKeyRedisKey,
  credentialOf,
  idempotencyRedisKey,
  REDIS_KEYS,
  reservationRedisKey,
} from '../store/redis-keys.ts'
import { watchedWords } from './anomaly.ts'
import type { Limits, Payer, ProjectBudgets, ReserveRequest, Settlement, Spender } from './port.ts'
import { RESERVE } from './reserve.lua.ts'
import { SETTLE } from './settle.lua.ts'
import { SWEEP } from './sweep.lua.ts'
import { USAGE } from './usage.lua.ts'

/** What goes along with a charge. */
type Counted = {
  /** Errors that were counted since, as a text of sums (edge/stats/error-counts.ts). */
  errors: string
  /** Whether counters for `GET /metrics` are kept. */
  metrics: boolean
}
const UNCOUNTED: Counted = { errors: '', metrics: false }

/** A script holds Redis while it runs; charging one reservation takes about 25 commands. */
const MAX_SWEEP = 1000

/**
 * The call of the reserve script.
 * @param now milliseconds since the epoch, 0 for Redis's own clock
 * @throws RangeError for counts that are no safe whole numbers, and for a lease of 0 ms or longer than MAX_LEASE_MS
 */
export function reserveCall(request: ReserveRequest, project: ProjectBudgets, now: number): ScriptCall {
  const { keys, args } = holdWords(request, project, now, MAX_LEASE_MS)
  const { cache } = request
  const again = cache ? [cache.name, cache.share, cache.forAll ? 1 : 0] : []
  return scriptCall(RESERVE, keys, [...args, watchedWords(request.watched), ...again])
}

/**
 * The keys and arguments of a script that holds (edge/budget/hold.lua.ts).
 * @param longest the longest lease that the script allows, in milliseconds
 * @throws RangeError as reserveCall
 */
export function holdWords(
  request: ReserveRequest,
  project: ProjectBudgets,
  now: number,
  longest: number,
): { keys: string[]; args: (string | number)[] } {
  const { requestId, spender, units, plan, limits, leaseMs, model, version = '', task, idempotency } = request
  requireCounts(units, project.day ?? 0, project.month ?? 0)
  if (!Number.isSafeInteger(leaseMs) || leaseMs < 1 || leaseMs > longest)
    throw new RangeError(`a lease must be 1 to ${longest} ms, not ${leaseMs}`)
  const who = spenderArguments(spender, plan, limits, now)
  const key = 'key' in spender ? spender.key : ''
  return {
    keys: [
      who.key,
      reservationRedisKey(requestId),
      REDIS_KEYS.open,
      idempotencyRedisKey(idempotency?.id ?? ''),
    ],
    args: [
      ...who.args,
      project.day ?? -1,
      project.month ?? -1,
      requestId,
      units,
      leaseMs,
      model,
      task,
      key,
      idempotency?.body ?? '',
      version,
    ],
  }
}

/** The call of the usage script. `now` and errors as for reserveCall. */
export function usageCall(spender: Spender, plan: string, limits: Limits, now: number): ScriptCall {
  const { key, args } = spenderArguments(spender, plan, limits, now)
  return scriptCall(USAGE, [key], args)
}

/**
 * The call of the settle script. `now` and what it throws as for reserveCall.
 */
export function settleCall(settlement: Settlement, now: number, counted: Counted = UNCOUNTED): ScriptCall {
  const {
    requestId,
    reserved,
    units,
    promptTokens,
    outputTokens,
    computeMs,
    outcome,
    idempotency,
    measured,
    cache,
  } = settlement
  requireCounts(units, reserved.units, promptTokens, outputTokens, computeMs)
  const keys = [
    reservationRedisKey(requestId),
    REDIS_KEYS.open,
    REDIS_KEYS.events,
    idempotencyRedisKey(idempotency?.id ?? ''),
  ]
  const { account, plan, model, version = '', task, key, billingDay = 1 } = reserved
  const { maxed } = settlement
  return scriptCall(SETTLE, keys, [
    requestId,
    units,
    promptTokens,
    outputTokens,
    computeMs,
    outcome,
    now,
    account,
    reserved.units,
    model,
    task,
    plan,
    key,
    billingDay,
    idempotency ? 1 : 0,
    idempotency?.answer ?? '',
    version,
    measured ? packedMeasured(measured) : '',
    counted.errors,
    counted.metrics ? 1 : 0,
    maxed === undefined ? '' : credentialOf(account, key),
    maxed ? 1 : 0,
    ...(cache ? [cache.request.name, cache.request.forAll ? 1 : 0, cache.request.lifeMs, cache.answer] : []),
  ])
}

/** The call of the sweep script, for at most MAX_SWEEP reservations. The rest as for settleCall. */
export function sweepCall(most: number, now: number, counted: Counted = UNCOUNTED): ScriptCall {
  requireCounts(most)
  const { errors, metrics } = counted
  const args = [Math.min(most, MAX_SWEEP), now, errors, metrics ? 1 : 0]
  return scriptCall(SWEEP, [REDIS_KEYS.open, REDIS_KEYS.events], args)
}

/** The first key and the first thirteen arguments of the scripts that read a spender (edge/budget/spender.lua.ts). */
function spenderArguments(spender: Spender, plan: string, limits: Limits, now: number) {
  const { requestsPerMinute, concurrent, budgets, billingDay = 1 } = limits
  requireCounts(requestsPerMinute, concurrent, budgets.minute, budgets.day, budgets.month)
  if (!Number.isInteger(billingDay) || billingDay < 1 || billingDay > 31)
    throw new RangeError(`a billing day must be 1 to 31, not ${billingDay}`)
  const caller = callerWords(spender)
  return {
    key: caller.key,
    args: [
      now,
      ...caller.args,
      spender.plan,
      plan,
      requestsPerMinute,
      concurrent,
      budgets.minute,
      budgets.day,
      budgets.month,
      billingDay,
    ],
  }
}

type CallerWords = { key: string; args: [string, number, string, string] }

/** The words of no caller, for a script that looks at one only where it is told to. */
export const NOBODY: CallerWords = { key: apiKeyRedisKey(''), args: ['', 0, '', ''] }

/**
 * The Redis key and the four arguments by which scripts find out who calls (edge/budget/caller.lua.ts).
 * @throws RangeError for an account without a name
 */
export function callerWords(payer: Payer): CallerWords {
  if (!('account' in payer))
    return { key: apiKeyRedisKey(payer.key), args: ['', 0, payer.secretHash, payer.scope] }
  if (payer.account === '') throw new RangeError('an account has a name')
  return { ...NOBODY, args: [payer.account, payer.issuedAt, '', ''] }
}

/**
 * The keys and the first ten arguments of a script that does an act (edge/budget/acting.lua.ts).
 * @param record the Redis key of the record that is changed
 * @param now milliseconds since the epoch, 0 for Redis's own clock
 */
export function actingWords(record: string, caller: CallerWords, act: Act, now: number) {
  return { keys: [record, caller.key, AUDIT_STREAM], args: [now, ...caller.args, ...actWords(act)] }
}

function requireCounts(...counts: number[]): void {
  for (const count of counts)
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`a count must be a whole number up to 2^53-1, not ${count}`)
}
