import { reserveCall, settleCall } from '../../edge/budget/commands.ts'
import type { ReserveRequest } from '../../edge/budget/port.ts'
import type { RedisStore } from '../../local/redis/port.ts'
import { type Setting, settlementOf } from './requests.ts'

const ACCOUNTS = 10_000

/** Bytes in Redis for one of each: the difference that 10,000 of them make, with keys and Redis's own tables. */
export type Memory = {
  accounts: number
  /** An account between its requests: its counters of day and month. */
  account: number
  /** In addition, once a request of it is settled: its latest requests and sums, which people are shown. */
  shown: number
  /** In addition, until a minute after one with a request: its counters of the minute. */
  minute: number
  /** A running request: its reservation and its lease. */
  open_request: number
  /** A settled request, for an hour: its id, which is barred. */
  settled_request: number
  /** A usage event, until the ledger has it. */
  event: number
}

/** Fills an empty Redis with one request of each of 10,000 accounts, then removes the keys kind by kind. */
export async function measureMemory(
  redis: RedisStore,
  setting: Setting,
  signal: AbortSignal,
): Promise<Memory> {
  await redis.execute(['FLUSHALL'])
  const used = async () =>
    Number(/used_memory:(\d+)/.exec(String(await redis.execute(['INFO', 'memory'])))?.[1])
  const run = async (call: ReturnType<typeof reserveCall>) =>
    redis.execute(['EVAL', call.script.lua, String(call.keys.length), ...call.keys, ...call.args])
  const requests: ReserveRequest[] = Array.from({ length: ACCOUNTS }, (_, n) => ({
    ...setting.request(n),
    spender: { account: `firebase:my-project:${crypto.randomUUID()}`, issuedAt: 1_795_000_000, plan: 'free' },
  }))
  async function inTurn(act: (request: ReserveRequest) => Promise<unknown>): Promise<number> {
    for (let n = 0; n < ACCOUNTS; n += 500) {
      signal.throwIfAborted()
      await Promise.all(requests.slice(n, n + 500).map(act))
    }
    return used()
  }
  async function without(...patterns: string[]): Promise<number> {
    const script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end"
    for (const pattern of patterns) await redis.execute(['EVAL', script, '0', pattern])
    return used()
  }
  const reserveAll = () => inTurn((request) => run(reserveCall(request, setting.project, 0)))

  const open =
    (await reserveAll()) - (await without('twohop:reservation:*', 'twohop:leases:*', 'twohop:open'))
  await redis.execute(['FLUSHALL'])
  const empty = await used()
  await reserveAll()
  const settled = await inTurn((request) => run(settleCall(settlementOf(request), 0)))
  const noEvents = await without('twohop:events')
  const noTombstones = await without('twohop:reservation:*')
  const noMinutes = await without('twohop:budget:*:minute:*')
  const notShown = await without('twohop:latest:*', 'twohop:history:*', 'twohop:stats:*', 'twohop:top:*')
  const each = (bytes: number) => Math.round(bytes / ACCOUNTS)
  return {
    accounts: ACCOUNTS,
    account: each(notShown - empty),
    shown: each(noMinutes - notShown),
    minute: each(noTombstones - noMinutes),
    open_request: each(open),
    settled_request: each(noEvents - noTombstones),
    event: each(settled - noEvents),
  }
}
