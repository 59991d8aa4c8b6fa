import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBatcher } from '../../../../inference-host/encoding/batcher.ts'
import type { Row, RowOutputs } from '../../../../inference-host/encoding/encoder.ts'

const rowOf = (length: number, first: number): Row => ({
  ids: Array.from({ length }, (_, i) => first + i),
  types: undefined,
})
const sumOf = ({ ids }: Row) => ids.reduce((sum, id) => sum + id, 0)

/** An encoder whose output for a row is the sum of its ids; each call takes a millisecond a token. */
function fakeEncoder(fail: (call: number) => boolean = () => false, lanes = 1) {
  const calls: (readonly Row[])[] = []
  const atOnce = { now: 0, most: 0 }
  let clock = 0
  return {
    calls,
    atOnce,
    now: () => clock,
    encoder: {
      lanes,
      async run(rows: readonly Row[]): Promise<RowOutputs[]> {
        const call = calls.push(rows)
        atOnce.most = Math.max(atOnce.most, ++atOnce.now)
        await Promise.resolve()
        atOnce.now--
        clock += rows.reduce((sum, { ids }) => sum + ids.length, 0)
        if (fail(call)) throw new Error('out of memory')
        return rows.map((row) => () => ({ data: Float32Array.of(sumOf(row)), width: 1 }))
      },
    },
  }
}

function request(rows: readonly Row[], stopped = () => false) {
  const seen: number[] = []
  const counts: { promptTokens: number; computeMs?: number } = { promptTokens: 0 }
  const take = (index: number, outputs: RowOutputs) => {
    if (seen[index] !== undefined) throw new Error('a row was given twice')
    seen[index] = outputs('sum').data[0] ?? Number.NaN
  }
  return { rows, seen, counts, take, stopped }
}

test('any mix of requests: every row has its own output, each counted for its own tokens and time', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(fc.array(lengths, { minLength: 1, maxLength: 6 }), async (jobs) => {
      const { encoder, now, calls } = fakeEncoder()
      const batcher = createBatcher({ encoder, now })
      const requests = jobs.map((rows, job) =>
        request(rows.map((length, i) => rowOf(length, 1000 * job + i))),
      )
      expect(await Promise.all(requests.map((one) => batcher.encode(one)))).toEqual(jobs.map(() => true))
      for (const { rows, seen, counts } of requests) {
        const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0)
        expect(seen).toEqual(rows.map(sumOf))
        expect(counts.promptTokens).toBe(tokens)
        expect(counts.computeMs).toBeCloseTo(tokens, 6)
      }
      expect(calls.flat()).toHaveLength(jobs.flat().length)
      expect(batcher.running).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('requests of one length share calls; one that comes while a call runs joins the next', async () => {
  const { encoder, now, calls } = fakeEncoder()
  const batcher = createBatcher({ encoder, now, rules: { tokens: 40, slack: 0, short: 0, rows: 8 } })
  const first = batcher.encode(request([rowOf(20, 0), rowOf(20, 1), rowOf(20, 2)]))
  await Promise.resolve()
  const second = batcher.encode(request([rowOf(20, 3)]))
  await Promise.all([first, second])
  expect(calls.map((rows) => rows.map(({ ids }) => ids[0]))).toEqual([
    [2, 1],
    [0, 3],
  ])
})

test('a huge request does not hold up a small one', async () => {
  const { encoder, now, calls } = fakeEncoder()
  const batcher = createBatcher({ encoder, now })
  const huge = request(Array.from({ length: 100 }, (_, i) => rowOf(200, i)))
  const all = batcher.encode(huge)
  await Promise.resolve()
  await batcher.encode(request([rowOf(7, 0), rowOf(40, 0)]))
  expect(calls.length).toBeLessThanOrEqual(6)
  expect(await all).toBe(true)
})

test('batches go side by side where there are lanes, never more than those, and each row is given once', async () => {
  for (const lanes of [2, 3]) {
    const { encoder, now, atOnce } = fakeEncoder(undefined, lanes)
    const batcher = createBatcher({ encoder, now })
    const requests = [0, 1, 2, 3].map((job) =>
      request(Array.from({ length: 9 }, (_, i) => rowOf(60 + 7 * i, 1000 * job + i))),
    )
    expect(await Promise.all(requests.map((one) => batcher.encode(one)))).toEqual([true, true, true, true])
    for (const { rows, seen } of requests) expect(seen).toEqual(rows.map(sumOf))
    expect(atOnce).toEqual({ now: 0, most: lanes })
  }
})

describe('an end before the end', () => {
  test('a stopped request leaves before the next batch, and has used what was begun', async () => {
    const { encoder, now, calls } = fakeEncoder()
    const batcher = createBatcher({ encoder, now })
    const stopped = request(
      Array.from({ length: 50 }, (_, i) => rowOf(200, i)),
      () => calls.length >= 3,
    )
    const other = request([rowOf(200, 0), rowOf(200, 1), rowOf(200, 2)])
    expect(await Promise.all([batcher.encode(stopped), batcher.encode(other)])).toEqual([false, true])
    expect(stopped.counts.promptTokens).toBe(stopped.seen.filter(() => true).length * 200)
    expect(other.seen).toHaveLength(3)
    expect(stopped.counts.promptTokens).toBeLessThanOrEqual(600)
  })

  test('a stopped request waits for what the lanes compute for it, and counts that', async () => {
    const { encoder, now, calls } = fakeEncoder(undefined, 2)
    const batcher = createBatcher({ encoder, now })
    const stopped = request(
      Array.from({ length: 50 }, (_, i) => rowOf(200, i)),
      () => calls.length >= 2,
    )
    expect(await batcher.encode(stopped)).toBe(false)
    expect(calls).toHaveLength(2)
    expect(stopped.counts.promptTokens).toBe(400)
    expect(stopped.seen.filter(() => true)).toHaveLength(2)
  })

  test('a failed call ends whoever had a row in it, and nobody else', async () => {
    const { encoder, now } = fakeEncoder((call) => call === 1)
    const batcher = createBatcher({ encoder, now })
    const [failed, fine] = [request([rowOf(100, 0)]), request([rowOf(20, 0)])]
    const ends = await Promise.allSettled([batcher.encode(failed), batcher.encode(fine)])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(fine.seen).toEqual([sumOf(rowOf(20, 0))])
    expect(failed.counts.promptTokens).toBe(100)
  })

  test('a request that cannot read its row ends alone', async () => {
    const { encoder, now } = fakeEncoder()
    const batcher = createBatcher({ encoder, now })
    const broken = {
      ...request([rowOf(10, 0)]),
      take() {
        throw new RangeError('no such output')
      },
    }
    const fine = request([rowOf(10, 5)])
    const ends = await Promise.allSettled([batcher.encode(broken), batcher.encode(fine)])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(fine.seen).toEqual([sumOf(rowOf(10, 5))])
  })
})

test('what is in the background has the room that others leave in a call, and no more', async () => {
  const { encoder, now, calls } = fakeEncoder()
  const batcher = createBatcher({ encoder, now })
  const rows = (count: number, of: number) => Array.from({ length: count }, () => rowOf(16, of))
  const jobs = Array.from({ length: 16 }, () => ({ ...request(rows(10, 500)), background: true }))
  const encoded = jobs.map((job) => batcher.encode(job))
  const one = request(rows(20, 7))
  await Promise.all([...encoded, batcher.encode(one)])
  const own = calls.map((call) => call.filter(({ ids }) => ids[0] === 7).length)
  expect(own.slice(0, 3)).toEqual([16, 4, 0])
  expect(calls.map(({ length }) => length).slice(0, 3)).toEqual([16, 16, 16])
})
