import {
  type Backlog,
  type Buried,
  type Entry,
  type EntryStream,
  LedgerAway,
  LedgerRefused,
  type Recorded,
} from './port.ts'

export type MoveOptions<Item> = {
  stream: EntryStream
  /** The content of an entry, or the name of its first bad field. */
  read: (id: string, fields: Record<string, string>) => Item | { wrong: string }
  /** As Ledger.record. */
  record: (items: readonly Item[]) => Promise<Recorded>
  /** Milliseconds since the epoch. */
  now: () => number
  /** Entries in one call to the ledger; default 500. */
  batch?: number
  /** Batches in one run at most; default DRAIN_BATCHES. Each costs three requests. */
  batches?: number
  /** Milliseconds after which a run begins no other batch; default 45,000, so runs a minute apart do not overlap. */
  timeMs?: number
}

export type MoveReport = {
  /** Entries that the ledger did not have before. */
  recorded: number
  /** Entries that the ledger had already: their acknowledgement was lost. */
  duplicates: number
  /** Entries set aside because they can never be stored. */
  buried: number
  /** Why the run ended: nothing left, enough for one run, or no answer from the ledger. */
  ended: 'empty' | 'enough' | 'ledger_away'
  /** Why the ledger is away, where it is. */
  error: LedgerAway | undefined
  /** What is left in the stream. It grows while the ledger is away. */
  backlog: Backlog
  /** Age of the oldest entry left, in milliseconds; 0 when there is none. */
  lagMs: number
  /** Milliseconds that the run took. */
  tookMs: number
}

/**
 * Batches of 500 in one run: 140,000 entries, three requests each. Workers has 1,000 requests for an invocation, and 50 on
 * its free plan.
 */
export const DRAIN_BATCHES = 280

type Readable<Item> = { id: string; item: Item }
type Tally = { recorded: number; duplicates: number; buried: number }

/**
 * Builds the function that moves the entries of a stream to the ledger, in order of arrival. An entry is finished only
 * after the ledger has committed it. If a run dies, the next one starts with the entries that were read and not
 * finished. The ledger knows what it has, so nothing counts twice.
 *
 * Runs at the same time share the work: each entry goes to one of them. A run that cannot go on gives its entries back;
 * those of one that died are taken over after a while, so they may come out of order. All runs are one consumer of the
 * group, so none is left behind.
 *
 * An entry that can never be stored is set aside with its reason. When the ledger refuses a batch, the batch is halved
 * until the bad entry stands alone; each half is finished as soon as it is stored.
 * @throws TwohopError store_unavailable when the stream does not answer
 */
export function createMove<Item extends object>({
  stream,
  read,
  record,
  now,
  batch = 500,
  batches = DRAIN_BATCHES,
  timeMs = 45_000,
}: MoveOptions<Item>) {
  async function store(entries: readonly Readable<Item>[], tally: Tally): Promise<void> {
    if (entries.length === 0) return
    const recorded = await record(entries.map(({ item }) => item)).catch((error: unknown) => {
      if (error instanceof LedgerRefused) return error
      throw error
    })
    if (!(recorded instanceof LedgerRefused)) {
      const conflicts = new Set(recorded.conflicts)
      const stored = entries.filter((_, place) => !conflicts.has(place))
      const buried = entries.filter((_, place) => conflicts.has(place))
      await finish(
        stored,
        buried.map(({ id }) => ({ id, reason: 'conflict' })),
        tally,
      )
      tally.recorded += recorded.recorded
      tally.duplicates += recorded.duplicates
      return
    }
    const [first, second] = entries
    if (first && !second) return finish([], [{ id: first.id, reason: recorded.code }], tally)
    const middle = Math.ceil(entries.length / 2)
    await store(entries.slice(0, middle), tally)
    await store(entries.slice(middle), tally)
  }

  async function finish(
    stored: readonly Pick<Entry, 'id'>[],
    buried: readonly Buried[],
    tally: Tally,
  ): Promise<void> {
    await stream.finish(
      stored.map(({ id }) => id),
      buried,
    )
    tally.buried += buried.length
  }

  return async function move(): Promise<MoveReport> {
    const tally: Tally = { recorded: 0, duplicates: 0, buried: 0 }
    const began = now()
    const until = began + timeMs
    let inHand: string[] = []
    let ended: MoveReport['ended'] = 'enough'
    let away: LedgerAway | undefined
    let hasUnfinished = true
    try {
      for (let turn = 0; turn < batches && now() < until; turn++) {
        let entries: Entry[] = hasUnfinished ? await stream.unfinished(batch) : []
        hasUnfinished = entries.length > 0
        if (!hasUnfinished) entries = await stream.unread(batch)
        if (entries.length === 0) {
          ended = 'empty'
          break
        }
        inHand = entries.map(({ id }) => id)
        const { readable, unreadable } = sorted(entries, read)
        if (unreadable.length > 0) await finish([], unreadable, tally)
        await store(readable, tally)
        inHand = []
      }
    } catch (error) {
      // If that fails too, they are taken over in time.
      await stream.release(inHand).catch(() => {})
      if (!(error instanceof LedgerAway)) throw error
      ended = 'ledger_away'
      away = error
    }
    const backlog = await stream.backlog()
    const lagMs = backlog.oldestAt === undefined ? 0 : Math.max(0, now() - backlog.oldestAt)
    return { ...tally, ended, error: away, backlog, lagMs, tookMs: Math.max(0, now() - began) }
  }
}

function sorted<Item extends object>(entries: readonly Entry[], read: MoveOptions<Item>['read']) {
  const readable: Readable<Item>[] = []
  const unreadable: Buried[] = []
  for (const { id, fields } of entries) {
    const item = fields ? read(id, fields) : { wrong: 'entry' }
    if ('wrong' in item) unreadable.push({ id, reason: `field:${item.wrong}` })
    else readable.push({ id, item })
  }
  return { readable, unreadable }
}
