import { describe, expect, it } from 'vitest'
import { createMove, type MoveOptions } from '../../../../edge/ledger/move.ts'
import {
  type Buried,
  type Entry,
  type EntryStream,
  LedgerAway,
  LedgerRefused,
} from '../../../../edge/ledger/port.ts'

type Item = { n: number }
const NONE = { recorded: 0, duplicates: 0, buried: 0 }

/** A stream in memory of entries `1-0`, `2-0` and so on. What was read and not finished stays in hand. */
function streamOf(count: number) {
  const unread: Entry[] = Array.from({ length: count }, (_, i) => ({
    id: `${i + 1}-0`,
    fields: { n: String(i + 1) },
  }))
  const inHand = new Map<string, Entry>()
  const buried: Buried[] = []
  const log: string[] = []
  const take = (entries: Entry[]) => {
    for (const entry of entries) inHand.set(entry.id, entry)
    return entries
  }
  const stream: EntryStream = {
    unfinished: async (most) => [...inHand.values()].slice(0, most),
    unread: async (most) => take(unread.splice(0, most)),
    async release(ids) {
      log.push(`release ${ids.length}`)
    },
    async finish(stored, bad) {
      log.push(`finish ${stored.length} + ${bad.length}`)
      for (const finished of [...stored, ...bad.map(({ id }) => id)]) inHand.delete(finished)
      buried.push(...bad)
    },
    backlog: async () => ({
      entries: inHand.size + unread.length,
      oldestAt: inHand.size + unread.length > 0 ? 400 : undefined,
      deadLetters: buried.length,
    }),
  }
  return { stream, buried, log, inHand, unread }
}

const read: MoveOptions<Item>['read'] = (_, { n = '' }) =>
  Number.isNaN(Number(n)) ? { wrong: 'n' } : { n: Number(n) }

/** A ledger that notes its batches. `answer` says what becomes of each; without it all is new. */
function ledgerOf(answer: (items: readonly Item[], call: number) => object | Error = () => ({})) {
  const batches: number[][] = []
  const record: MoveOptions<Item>['record'] = async (items) => {
    batches.push(items.map(({ n }) => n))
    const said = answer(items, batches.length)
    if (said instanceof Error) throw said
    return { recorded: items.length, duplicates: 0, conflicts: [], ...said }
  }
  return { batches, record }
}

/** A clock that goes on by `step` whenever it is looked at. */
function clock(step = 0) {
  let ms = 1000 - step
  return () => {
    ms += step
    return ms
  }
}

function moveOf(
  { stream }: Pick<ReturnType<typeof streamOf>, 'stream'>,
  { record }: Pick<ReturnType<typeof ledgerOf>, 'record'>,
  options: Partial<MoveOptions<Item>> = {},
) {
  return createMove<Item>({ stream, read, record, now: clock(), ...options })
}

describe('a run', () => {
  it('moves all that there is, batch by batch, in the order of arrival', async () => {
    const [waiting, ledger] = [streamOf(7), ledgerOf()]
    const report = await moveOf(waiting, ledger, { batch: 3 })()
    expect(ledger.batches).toEqual([[1, 2, 3], [4, 5, 6], [7]])
    expect(report).toEqual({
      ...NONE,
      recorded: 7,
      ended: 'empty',
      code: undefined,
      backlog: { entries: 0, oldestAt: undefined, deadLetters: 0 },
      lagMs: 0,
      tookMs: 0,
    })
  })

  it('begins with what a run before it had read and not finished', async () => {
    const waiting = streamOf(4)
    await waiting.stream.unread(2)
    const ledger = ledgerOf(() => ({ recorded: 0, duplicates: 2 }))
    const report = await moveOf(waiting, ledger, { batches: 1 })()
    expect(ledger.batches).toEqual([[1, 2]])
    expect(report).toMatchObject({ recorded: 0, duplicates: 2, ended: 'enough' })
  })

  it('ends after so many batches, and says what is left and how old it is', async () => {
    const waiting = streamOf(9)
    const report = await moveOf(waiting, ledgerOf(), { batch: 2, batches: 3 })()
    expect(report).toMatchObject({
      recorded: 6,
      ended: 'enough',
      backlog: { entries: 3, oldestAt: 400 },
      lagMs: 600,
    })
  })

  it('begins no other batch once its time is over', async () => {
    const waiting = streamOf(100)
    const report = await moveOf(waiting, ledgerOf(), { batch: 1, timeMs: 250, now: clock(100) })()
    expect(report).toMatchObject({ recorded: 2, ended: 'enough' })
  })
})

describe('an entry that can never be stored', () => {
  it('is set aside with the field that is wrong, before the ledger is asked', async () => {
    const waiting = streamOf(3)
    Object.assign(waiting.unread[1] ?? {}, { fields: { n: 'two' } })
    const ledger = ledgerOf()
    const report = await moveOf(waiting, ledger)()
    expect(ledger.batches).toEqual([[1, 3]])
    expect(waiting.buried).toEqual([{ id: '2-0', reason: 'field:n' }])
    expect(waiting.log).toEqual(['finish 0 + 1', 'finish 2 + 0'])
    expect(report).toMatchObject({ recorded: 2, buried: 1 })
  })

  it('is set aside where it has no content at all', async () => {
    const waiting = streamOf(1)
    Object.assign(waiting.unread[0] ?? {}, { fields: undefined })
    await moveOf(waiting, ledgerOf())()
    expect(waiting.buried).toEqual([{ id: '1-0', reason: 'field:entry' }])
  })

  it('is set aside as a conflict where the ledger has another row for it; the others of its batch are stored', async () => {
    const waiting = streamOf(4)
    const ledger = ledgerOf(() => ({ recorded: 2, duplicates: 1, conflicts: [2] }))
    const report = await moveOf(waiting, ledger)()
    expect(waiting.buried).toEqual([{ id: '3-0', reason: 'conflict' }])
    expect(report).toMatchObject({ recorded: 2, duplicates: 1, buried: 1 })
  })

  it('is found by halves: the ledger’s own code is its reason, and each half is finished as it is stored', async () => {
    const waiting = streamOf(4)
    const ledger = ledgerOf((items) => (items.some(({ n }) => n === 3) ? new LedgerRefused('23514') : {}))
    const report = await moveOf(waiting, ledger)()
    expect(ledger.batches).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]])
    expect(waiting.log).toEqual(['finish 2 + 0', 'finish 0 + 1', 'finish 1 + 0'])
    expect(waiting.buried).toEqual([{ id: '3-0', reason: '23514' }])
    expect(report).toMatchObject({ recorded: 3, buried: 1 })
  })
})

describe('a run that cannot go on', () => {
  it('says that the ledger is away, keeps what was stored, and gives the rest of its batch back', async () => {
    const waiting = streamOf(4)
    const ledger = ledgerOf((_, call) => (call === 2 ? new LedgerAway('08006') : {}))
    const report = await moveOf(waiting, ledger, { batch: 2 })()
    expect(report).toMatchObject({
      recorded: 2,
      ended: 'ledger_away',
      error: { code: '08006' },
      backlog: { entries: 2 },
    })
    expect(waiting.log).toEqual(['finish 2 + 0', 'release 2'])
    expect([...waiting.inHand.keys()]).toEqual(['3-0', '4-0'])
  })

  it('gives it back after any other failure too, and lets that through', async () => {
    const waiting = streamOf(2)
    const run = moveOf(
      waiting,
      ledgerOf(() => new RangeError('a bug')),
    )
    await expect(run()).rejects.toThrow('a bug')
    expect(waiting.log).toEqual(['release 2'])
  })

  it('where it cannot even do that: they are taken over in time', async () => {
    const waiting = streamOf(2)
    waiting.stream.release = () => Promise.reject(new Error('no store'))
    const ledger = ledgerOf(() => new LedgerAway('08006'))
    expect(await moveOf(waiting, ledger)()).toMatchObject({ ended: 'ledger_away', recorded: 0 })
  })
})
