import { scriptCall } from '../../shared/redis-script.ts'
import {
  fieldsOf,
  listOf,
  orUnavailable,
  type Redis,
  runScript,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { ACCOUNT_PREFIX, accountRedisKey, BUDGET_PREFIX } from '../store/redis-keys.ts'
import type { AccountChanges, AccountRecord, AccountStore, Asked } from './accounts.ts'
import { wholeNumber } from './allowance.ts'
import { CHANGE_ACCOUNT } from './change.lua.ts'
import { actingWords, callerWords } from './commands.ts'
import { GRANT } from './grant.lua.ts'
import { allowedReply } from './refused.ts'

/** About how many keys Redis looks at for one page of a list. */
const PAGE = 500

/** One Redis pattern for both prefixes. It matches other keys too; their names tell them apart. */
const RECORDS_AND_COUNTERS = 'twohop:[ab]*'
const MONTH = new RegExp(`^${BUDGET_PREFIX}(.+):month:[0-9-]+$`)

type Options = UpstashOptions & {
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only. */
  clock?: () => number
}

/** The records of accounts in Upstash Redis, over HTTP. */
export function createUpstashAccounts({ clock = () => 0, ...options }: Options): AccountStore {
  const redis = upstashClient(options)
  const words = (account: string, { by, act }: Asked) =>
    actingWords(accountRedisKey(account), callerWords(by), act, clock())

  return {
    get: (account) =>
      orUnavailable(async () => accountOf(fieldsOf(await hash(redis, accountRedisKey(account))))),

    async set(account, changes, asked) {
      const fields = Object.entries(accountFields(changes))
      const written = fields.filter((field): field is [string, string] => field[1] !== null).flat()
      const removed = fields.flatMap(([name, text]) => (text === null ? [name] : []))
      const { keys, args } = words(account, asked)
      const call = scriptCall(CHANGE_ACCOUNT, keys, [...args, written.length, ...written, ...removed])
      await orUnavailable(async () => {
        const reply = allowedReply(await runScript(redis, call))
        if (!Array.isArray(reply) || reply[0] !== 'changed') throw new TypeError('the store changed nothing')
      })
    },

    async grant(account, units, until, asked) {
      requireWhole(units, until)
      const { keys, args } = words(account, asked)
      const call = scriptCall(GRANT, keys, [...args, units, until])
      return orUnavailable(async () => {
        const reply = allowedReply(await runScript(redis, call))
        const [left, ends] = Array.isArray(reply) ? reply.map(wholeNumber) : []
        if (left === undefined || ends === undefined) throw new TypeError('the store gave no grant')
        return { units: left, until: ends }
      })
    },

    list: (next = '0') =>
      orUnavailable(async () => {
        const page = await redis.command('SCAN', next, 'MATCH', RECORDS_AND_COUNTERS, 'COUNT', PAGE)
        const [cursor, redisKeys] = listOf(page)
        const found = await Promise.all(listOf(redisKeys).map((key) => accountAt(redis, String(key))))
        const accounts = found.filter((account) => account !== undefined)
        return { accounts, next: cursor === '0' ? undefined : String(cursor) }
      }),
  }
}

/**
 * The account of a record, or of a month's counter if the account has no record (a record is listed by itself).
 * Undefined for any other key.
 */
async function accountAt(
  redis: Redis,
  key: string,
): Promise<(AccountRecord & { account: string }) | undefined> {
  const recorded = key.startsWith(ACCOUNT_PREFIX)
  const account = recorded ? key.slice(ACCOUNT_PREFIX.length) : MONTH.exec(key)?.[1]
  if (account === undefined) return undefined
  const fields = fieldsOf(await hash(redis, accountRedisKey(account)))
  return recorded || Object.keys(fields).length === 0 ? { account, ...accountOf(fields) } : undefined
}

/** A hash as Redis returns it: field names and values in turn. */
const hash = (redis: Redis, key: string): Promise<unknown> => redis.command('HGETALL', key)

function accountOf(fields: Record<string, string>): AccountRecord {
  const { status, plan, billing_day, revoked_before, extra_units, extra_until } = fields
  const extra = extra_until ? { units: Number(extra_units), until: Number(extra_until) } : undefined
  return {
    status: status === 'suspended' ? 'suspended' : 'active',
    plan,
    billingDay: billing_day === undefined ? undefined : Number(billing_day),
    revokedBefore: revoked_before === undefined ? undefined : Number(revoked_before),
    extra,
  }
}

/** Fields to write, null for those to remove. Fields that stay are left out. */
function accountFields({ status, plan, billingDay, revokedBefore }: AccountChanges) {
  if (billingDay != null && !(Number.isInteger(billingDay) && billingDay >= 1 && billingDay <= 31))
    throw new RangeError(`a billing day must be 1 to 31, not ${billingDay}`)
  if (revokedBefore != null) requireWhole(revokedBefore)
  if (plan === '') throw new RangeError('a plan has a name')
  const fields: Record<string, string | number | null | undefined> = {
    // A record that says no more than that has nothing to say.
    status: status === 'active' ? null : status,
    plan,
    billing_day: billingDay,
    revoked_before: revokedBefore,
  }
  const named = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(named.map(([name, value]) => [name, value == null ? null : String(value)]))
}

function requireWhole(...numbers: number[]): void {
  for (const number of numbers)
    if (!Number.isSafeInteger(number) || number < 0)
      throw new RangeError(`it must be a whole number up to 2^53-1, not ${number}`)
}
