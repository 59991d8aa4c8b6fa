import { describe, expect, it } from 'vitest'
import { createDrain } from '../../../../edge/ledger/drain.ts'
import type { UsageEvent } from '../../../../edge/ledger/event.ts'
import {
  type Buried,
  type Entry,
  type EntryStream,
  LedgerAway,
  LedgerRefused,
} from '../../../../edge/ledger/port.ts'

const entry = (n: number): Entry => ({
  id: `${n}-0`,
  fields: {
    request_id: `r${n}`,
    kind: 'charge',
    account: 'ada',
    model: 'm',
    task: 'chat',
    plan: 'free',
    outcome: 'ok',
    ...Object.fromEntries(
      [
        'prompt_tokens',
        'output_tokens',
        'compute_ms',
        'units',
        'reserved_units',
        'reported_units',
        'reserved_at',
        'at',
      ].map((name) => [name, '1']),
    ),
  },
})

/** A stream in memory that says what was asked of it. */
function streamOf(queued: Entry[]) {
  const waiting = [...queued]
  const finished: { stored: readonly string[]; buried: readonly Buried[] }[] = []
  const reads: string[] = []
  const released: string[] = []
  const stream: EntryStream = {
    async unfinished() {
      reads.push('unfinished')
      return []
    },
    async unread(most) {
      reads.push('unread')
      return waiting.splice(0, most)
    },
    async release(ids) {
      released.push(...ids)
    },
    async finish(stored, buried) {
      finished.push({ stored, buried })
    },
    backlog: async () => ({ entries: waiting.length, oldestAt: undefined, deadLetters: 0 }),
  }
  return { stream, finished, reads, released }
}

/** A ledger that refuses any batch with one of `guilty` in it, and notes the batches that it was given. */
function ledgerThatRefuses(guilty: string[], code = '23514') {
  const batches: string[][] = []
  return {
    batches,
    async record(events: readonly UsageEvent[]) {
      const ids = events.map(({ request_id }) => request_id)
      batches.push(ids)
      if (ids.some((id) => guilty.includes(id))) throw new LedgerRefused(code)
      return { recorded: events.length, duplicates: 0, conflicts: [] }
    },
    totals: async () => [],
  }
}

const entries = (count: number) => Array.from({ length: count }, (_, n) => entry(n))
const now = () => 1_000_000

describe('the drain', () => {
  it('asks for unfinished entries until there are none, then for unread ones only', async () => {
    const { stream, reads } = streamOf(entries(3))
    await createDrain({ stream, ledger: ledgerThatRefuses([]), now, batch: 1 })()
    expect(reads).toEqual(['unfinished', 'unread', 'unread', 'unread', 'unread'])
  })

  it('finds one guilty event among 512 with 2 log2(512) calls, in order, and finishes each half at once', async () => {
    const { stream, finished } = streamOf(entries(512))
    const ledger = ledgerThatRefuses(['r300'])
    const report = await createDrain({ stream, ledger, now, batch: 512 })()
    expect(report).toMatchObject({ recorded: 511, buried: 1, ended: 'empty' })
    expect(ledger.batches).toHaveLength(1 + 2 * 9)
    expect(finished.flatMap(({ buried }) => buried)).toEqual([{ id: '300-0', reason: '23514' }])
    const order = finished.flatMap(({ stored, buried }) => [...stored, ...buried.map(({ id }) => id)])
    expect(order).toEqual(entries(512).map(({ id }) => id))
  })

  it('sets aside every event where all are guilty', async () => {
    const { stream, finished } = streamOf(entries(8))
    const ledger = ledgerThatRefuses(entries(8).map(({ fields }) => fields?.request_id ?? ''))
    expect(await createDrain({ stream, ledger, now })()).toMatchObject({ recorded: 0, buried: 8 })
    expect(finished.flatMap(({ buried }) => buried)).toHaveLength(8)
  })

  it('sets nothing aside because the ledger is away, not even half-way through a search', async () => {
    const { stream, finished, released } = streamOf(entries(8))
    const refusing = ledgerThatRefuses(['r6'])
    let calls = 0
    const ledger = {
      ...refusing,
      async record(events: readonly UsageEvent[]) {
        if (++calls > 3) throw new LedgerAway('http_503')
        return refusing.record(events)
      },
    }
    const report = await createDrain({ stream, ledger, now })()
    expect(report).toMatchObject({
      recorded: 4,
      buried: 0,
      ended: 'ledger_away',
      error: { code: 'http_503' },
    })
    expect(finished).toEqual([{ stored: ['0-0', '1-0', '2-0', '3-0'], buried: [] }])
    expect(released).toEqual(entries(8).map(({ id }) => id))
  })

  it('lets any other failure through', async () => {
    const { stream, finished } = streamOf(entries(2))
    const ledger = { ...ledgerThatRefuses([]), record: () => Promise.reject(new TypeError('a defect')) }
    await expect(createDrain({ stream, ledger, now })()).rejects.toThrow('a defect')
    expect(finished).toEqual([])
  })
})
