import {
  fieldsOf,
  orUnavailable as orStoreUnavailable,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { KEYS } from '../budget/keys.ts'
import { FINISH_LUA } from './finish.lua.ts'
import type { Entry, UsageStream } from './port.ts'

/** Milliseconds that one round trip of the ledger may take: a batch of 500 events is about 250 kB. */
export const LEDGER_TIMEOUT_MS = 10_000

/** Where the stream is; `timeoutMs` is LEDGER_TIMEOUT_MS by default. */
export type LedgerRedis = Omit<UpstashOptions, 'timeoutMs'> & { timeoutMs?: number }

/** Usage events that can never be stored, each with the reason; see finish.lua.ts. */
export const DEAD_LETTERS = 'twohop:events:dead'

/** The group, and the one consumer in it that every drain is. */
const GROUP = 'ledger'
const CONSUMER = 'drain'

/** Dead letters kept: so many mean that something is broken which has long been reported. */
const MAX_DEAD_LETTERS = 100_000

/** The stream of usage events in Upstash Redis, over HTTP. Every call is one round trip, but for the very first. */
export function createUpstashStream({ timeoutMs = LEDGER_TIMEOUT_MS, ...where }: LedgerRedis): UsageStream {
  const redis = upstashClient({ ...where, timeoutMs })

  /** @param from `>` for entries that nobody has read, `0` for those of this consumer that are not finished */
  async function read(from: '>' | '0', most: number): Promise<Entry[]> {
    const ask = () => redis.xreadgroup(GROUP, CONSUMER, KEYS.events, from, { count: most })
    const reply = await ask().catch(async (error: unknown) => {
      // A new database, or one that lost its data.
      if (!String(error).includes('NOGROUP')) throw error
      await makeGroup()
      return ask()
    })
    return entriesOf(reply)
  }

  async function makeGroup(): Promise<void> {
    const group = { type: 'CREATE', group: GROUP, id: '0', options: { MKSTREAM: true } } as const
    await redis.xgroup(KEYS.events, group).catch((error: unknown) => {
      if (!String(error).includes('BUSYGROUP')) throw error
    })
  }

  return {
    unfinished: (most) => orUnavailable(() => read('0', most)),
    unread: (most) => orUnavailable(() => read('>', most)),

    async finish(stored, buried) {
      const args = [GROUP, MAX_DEAD_LETTERS, stored.length, ...stored]
      for (const { id, reason } of buried) args.push(id, reason)
      await orUnavailable(() => redis.eval(FINISH_LUA, [KEYS.events, DEAD_LETTERS], args.map(String)))
    },

    backlog: () =>
      orUnavailable(async () => {
        const [entries, oldest, deadLetters] = await Promise.all([
          redis.xlen(KEYS.events),
          redis.xrange(KEYS.events, '-', '+', 1),
          redis.xlen(DEAD_LETTERS),
        ])
        // An entry's id begins with the time of its writing.
        const oldestAt = entryList(oldest).map(({ id }) => Number(id.split('-')[0]))[0]
        return { entries, oldestAt, deadLetters }
      }),
  }
}

/** What XREADGROUP gives for one stream: nothing, or a list of one stream's name and entries. */
function entriesOf(reply: unknown): Entry[] {
  return reply === null ? [] : entryList(Array.isArray(reply) ? reply[0]?.[1] : undefined)
}

/** @throws TypeError when the reply is no list of entries, as Redis itself gives them: the client decodes nothing here */
export function entryList(reply: unknown): Entry[] {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no entries')
  return reply.map((entry: unknown): Entry => {
    const [id, words] = Array.isArray(entry) ? entry : []
    if (typeof id !== 'string') throw new TypeError('the store gave an entry without an id')
    return { id, fields: Array.isArray(words) ? fieldsOf(words) : undefined }
  })
}

/** @throws TwohopError store_unavailable for whatever `ask` throws */
export function orUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  return orStoreUnavailable(ask, 'The stream of usage events cannot be read right now.')
}
