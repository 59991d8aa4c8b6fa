import { setImmediate } from 'node:timers/promises'
import { Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { argmax } from '../../../../inference-host/decoding/sampling/greedy.ts'
import { createSeq2seqBatcher } from '../../../../inference-host/seq2seq/batcher.ts'
import { type Cache, maskOf } from '../../../../inference-host/seq2seq/cache.ts'
import type { EncoderDecoder, Step } from '../../../../inference-host/seq2seq/encoder-decoder.ts'
import type { Seq2seqEnd, Seq2seqRequest } from '../../../../inference-host/seq2seq/request.ts'

const VOCAB = 50

/** What the model below writes of a text that begins with `id`, after `count` tokens. */
const tokenOf = (id: number, count: number) => (id * 7 + count * 3) % VOCAB

/**
 * A model whose tokens follow from what its cache says: which text a row is of, and how many tokens it has. So a row that
 * is mixed up with another writes something else. A call takes one millisecond on `clock`.
 */
function fakeModel() {
  const calls: { kind: 'read' | 'step'; rows: number; padded: number }[] = []
  const clock = { ms: 0 }
  let fails: Error | undefined
  const one = (id: number, count: number) => {
    const logits = new Float32Array(VOCAB)
    logits[tokenOf(id, count)] = 1
    return logits
  }
  const column = (values: readonly number[], places: number) =>
    new Tensor('float32', Float32Array.from(values.flatMap((value) => Array(places).fill(value))), [
      values.length,
      1,
      places,
      1,
    ])
  const began = (kind: 'read' | 'step', cache: Pick<Cache, 'lengths'>) => {
    calls.push({ kind, rows: cache.lengths.length, padded: Math.max(...cache.lengths) })
    clock.ms++
    if (fails === undefined) return
    const cause = fails
    fails = undefined
    throw cause
  }
  const model: Pick<EncoderDecoder, 'read' | 'step'> = {
    async read(texts): Promise<Step> {
      const lengths = texts.map(({ length }) => length)
      began('read', { lengths })
      const ids = texts.map((text) => text[0] ?? 0)
      const cache = {
        lengths,
        mask: maskOf(lengths),
        read: [column(ids, Math.max(...lengths))],
        written: [column(ids, 1)],
      }
      return { logits: ids.map((id) => one(id, 0)), cache }
    },
    async step(_tokens, cache): Promise<Step> {
      began('step', cache)
      const [state] = cache.written as [Tensor]
      const places = state.dims[2] ?? 0
      const ids = cache.lengths.map((_, row) => Number((state.data as Float32Array)[row * places]))
      const texts = cache.read[0] as Tensor
      for (const [row, id] of ids.entries())
        if ((texts.data as Float32Array)[row * (texts.dims[2] ?? 0)] !== id)
          throw new Error('a row has another text')
      const written = [column(ids, places + 1)]
      return { logits: ids.map((id) => one(id, places)), cache: { ...cache, written } }
    },
  }
  function fail(error: Error): void {
    fails = error
  }
  return { model, calls, clock, fail }
}

type Done = { ids: number[]; end: Seq2seqEnd }

function batcherOf({ memoryBytes = 2 ** 20 } = {}) {
  const fake = fakeModel()
  const batcher = createSeq2seqBatcher({
    model: fake.model,
    start: 0,
    bytes: { read: 1, written: 1 },
    memoryBytes,
    now: () => fake.clock.ms,
  })
  function write(
    id: number,
    most: number,
    { length = 4, ...over }: Partial<Seq2seqRequest> & { length?: number } = {},
  ) {
    const ids: number[] = []
    return new Promise<Done>((resolve) => {
      batcher.submit({
        text: [id, ...Array(length - 1).fill(1)],
        most,
        choose: argmax,
        take: (token) => ids.push(token) < 0,
        stopped: () => false,
        started: () => {},
        ended: (end) => resolve({ ids, end }),
        ...over,
      })
    })
  }
  return { ...fake, batcher, write }
}

const written = (id: number, count: number) => Array.from({ length: count }, (_, i) => tokenOf(id, i))

test('texts of one length are read in one call, step together, and leave when they are done', async () => {
  const { write, calls, batcher } = batcherOf()
  const all = await Promise.all([write(1, 2), write(2, 5), write(3, 3)])
  expect(all.map(({ ids }) => ids)).toEqual([written(1, 2), written(2, 5), written(3, 3)])
  expect(calls.map(({ kind, rows }) => [kind, rows])).toEqual([
    ['read', 3],
    ['step', 3],
    ['step', 2],
    ['step', 1],
    ['step', 1],
  ])
  expect(batcher.stats()).toMatchObject({ waiting: 0, writing: 0, memoryUsed: 0, steps: 4, stepRows: 7 })
})

test('each text’s time is its share of each call', async () => {
  const { write } = batcherOf()
  const all = await Promise.all([write(1, 1), write(2, 3)])
  expect(all.map(({ end }) => end)).toEqual([
    { how: 'finished', computeMs: 0.5 },
    { how: 'finished', computeMs: 2.5 },
  ])
})

test('texts of different lengths are read apart, and then go together, padded to the longest', async () => {
  const { write, calls } = batcherOf()
  const all = await Promise.all([write(1, 4, { length: 40 }), write(2, 4, { length: 100 })])
  expect(all.map(({ ids }) => ids)).toEqual([written(1, 4), written(2, 4)])
  expect(calls.map(({ kind, rows, padded }) => [kind, rows, padded])).toEqual([
    ['read', 1, 40],
    ['read', 1, 100],
    ['step', 2, 100],
    ['step', 2, 100],
    ['step', 2, 100],
  ])
})

test('newcomers catch up while those under way stand still, then all step together', async () => {
  const { write, calls } = batcherOf()
  const later: Promise<Done>[] = []
  const first = write(1, 8, {
    take: (() => {
      let count = 0
      return () => {
        if (++count === 3) for (const id of [2, 3, 4]) later.push(write(id, 8))
        return false
      }
    })(),
  })
  await first
  const all = await Promise.all(later)
  expect(all.map(({ ids }) => ids)).toEqual([2, 3, 4].map((id) => written(id, 8)))
  expect(calls.map(({ kind, rows }) => `${kind} ${rows}`)).toEqual([
    'read 1',
    ...['step 1', 'step 1'],
    'read 3',
    ...['step 3', 'step 3'],
    ...Array(5).fill('step 4'),
  ])
})

test('one that is told to stop takes no further call', async () => {
  const { write, calls } = batcherOf()
  let count = 0
  const stopping = write(1, 20, { take: () => ++count < 0, stopped: () => count >= 2 })
  const [stopped, other] = await Promise.all([stopping, write(2, 4)])
  expect([stopped.end.how, count, other.ids]).toEqual(['stopped', 2, written(2, 4)])
  expect(calls.map(({ rows }) => rows)).toEqual([2, 2, 1, 1])
})

test('one that waits and is told to stop is never computed', async () => {
  const { write, calls } = batcherOf({ memoryBytes: 30 })
  let ended = false
  const first = write(1, 6).then(() => {
    ended = true
  })
  const { end, ids } = await write(2, 6, { stopped: () => true })
  expect([end, ids, ended]).toEqual([{ how: 'stopped', computeMs: 0 }, [], false])
  await first
  expect(calls.every(({ rows }) => rows === 1)).toBe(true)
})

test('no more go together than memory holds at their longest; one alone always goes', async () => {
  // Two of 4 tokens in and 6 out: three rows of 4 + 2 x 6 bytes.
  const two = batcherOf({ memoryBytes: 48 })
  await Promise.all([two.write(1, 6), two.write(2, 6), two.write(3, 6)])
  expect(Math.max(...two.calls.map(({ rows }) => rows))).toBe(2)
  const none = batcherOf({ memoryBytes: 1 })
  const all = await Promise.all([none.write(1, 6), none.write(2, 6)])
  expect(all.map(({ ids }) => ids)).toEqual([written(1, 6), written(2, 6)])
  expect(Math.max(...none.calls.map(({ rows }) => rows))).toBe(1)
})

test.each([
  { newcomers: [2, 3, 4], what: 'reading newcomers', failed: [2, 3, 4] },
  { newcomers: [2, 3], what: 'a step of those under way', failed: [1] },
])('$what that fails ends the texts in that call and no others', async ({ newcomers, failed }) => {
  const { write, fail } = batcherOf()
  const cause = new Error('out of memory')
  const all = new Map<number, Promise<Done>>()
  let count = 0
  const first = write(1, 9, {
    take() {
      if (++count !== 2) return false
      for (const id of newcomers) all.set(id, write(id, 2))
      fail(cause)
      return false
    },
  })
  all.set(1, first)
  await first
  for (const [id, done] of all) {
    const { end, ids } = await done
    if (failed.includes(id)) expect(end).toMatchObject({ how: 'failed', cause })
    else if (id !== 1) expect(ids).toEqual(written(id, 2))
    else expect([end.how, count]).toEqual(['finished', 9])
  }
})

test('what one request throws is no other’s trouble', async () => {
  const { write } = batcherOf()
  const cause = new Error('its own')
  const failing = write(1, 5, {
    choose() {
      throw cause
    },
  })
  const [one, other] = await Promise.all([failing, write(2, 5)])
  expect(one.end).toMatchObject({ how: 'failed', cause })
  expect(other.ids).toEqual(written(2, 5))
})

test('what waits in the background lets the others go first', async () => {
  // Memory for two at a time.
  const { write } = batcherOf({ memoryBytes: 3 * (4 + 2 * 4) })
  const order: string[] = []
  const background = [1, 2, 3, 4, 5, 6].map(async (id) => {
    await write(id, 4, { background: true })
    order.push('background')
  })
  await setImmediate()
  await write(7, 4)
  order.push('in front')
  await Promise.all(background)
  expect(order.indexOf('in front')).toBe(2)
})
