import {
  fieldsOf,
  orUnavailable as orStoreUnavailable,
  type Redis,
  type UpstashOptions,
} from '../../shared/upstash-client.ts'
import type { Entry } from './port.ts'

/** Milliseconds that one round trip of the ledger may take: a batch of 500 events is about 250 kB. */
export const LEDGER_TIMEOUT_MS = 10_000

/**
 * Milliseconds after which entries that were read and not finished are taken over: longer than a run has a batch in
 * hand, and shorter than from one scheduled run to the next.
 */
const TAKEN_OVER_MS = 45_000

/** Where the stream is. */
export type LedgerRedis = Omit<UpstashOptions, 'timeoutMs'> & {
  /** Default LEDGER_TIMEOUT_MS. */
  timeoutMs?: number
  /** Default TAKEN_OVER_MS. */
  takenOverMs?: number
}

/** The consumer group that reads a stream for the ledger. Every drain is its one consumer. */
export const GROUP = 'ledger'
const CONSUMER = 'drain'

/**
 * Reads a stream through its group, made if missing. Every function throws TwohopError `store_unavailable`.
 *
 * An entry goes to one run alone. Only where that run has not finished it in time, or gave it back, another takes it.
 */
export function createGroupReader(
  { command }: Pick<Redis, 'command'>,
  stream: string,
  takenOverMs = TAKEN_OVER_MS,
) {
  async function inGroup(ask: () => Promise<unknown>): Promise<unknown> {
    return ask().catch(async (error: unknown) => {
      // A new database, or one that lost its data.
      if (!String(error).includes('NOGROUP')) throw error
      await makeGroup()
      return ask()
    })
  }

  async function makeGroup(): Promise<void> {
    await command('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM').catch((error: unknown) => {
      if (!String(error).includes('BUSYGROUP')) throw error
    })
  }

  return {
    unfinished: (most: number) =>
      orUnavailable(async () => {
        const ask = () => command('XAUTOCLAIM', stream, GROUP, CONSUMER, takenOverMs, '0-0', 'COUNT', most)
        const reply = await inGroup(ask)
        return entryList(Array.isArray(reply) ? reply[1] : undefined)
      }),
    unread: (most: number) =>
      orUnavailable(async () => {
        const ask = () =>
          command('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', most, 'STREAMS', stream, '>')
        return entriesOf(await inGroup(ask))
      }),
    release: (ids: readonly string[]) =>
      orUnavailable(async () => {
        if (ids.length === 0) return
        await command('XCLAIM', stream, GROUP, CONSUMER, 0, ...ids, 'IDLE', takenOverMs, 'JUSTID')
      }),
  }
}

/** The entries in XREADGROUP's reply for one stream: null, or a list with the stream's name and its entries. */
function entriesOf(reply: unknown): Entry[] {
  return reply === null ? [] : entryList(Array.isArray(reply) ? reply[0]?.[1] : undefined)
}

/** When an entry was written, in milliseconds since the epoch. Its id begins with that. */
export const writtenAt = (id: string): number => Number(id.split('-')[0])

/**
 * Reads a list of entries in Redis's own form; the client decodes nothing here.
 * @throws TypeError for any other reply
 */
export function entryList(reply: unknown): Entry[] {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no entries')
  return reply.map((entry: unknown): Entry => {
    const [id, words] = Array.isArray(entry) ? entry : []
    if (typeof id !== 'string') throw new TypeError('the store gave an entry without an id')
    return { id, fields: Array.isArray(words) ? fieldsOf(words) : undefined }
  })
}

/** Runs `ask`. @throws TwohopError store_unavailable for whatever it throws */
export function orUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  return orStoreUnavailable(ask, 'What goes to the ledger cannot be read right now.')
}
