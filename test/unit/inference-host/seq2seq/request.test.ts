import { expect, test } from 'vitest'
import {
  advance,
  createRow,
  endRow,
  type Seq2seqEnd,
  type Seq2seqRequest,
} from '../../../../inference-host/seq2seq/request.ts'

function rowOf(changes: Partial<Seq2seqRequest> = {}) {
  const taken: [number, boolean][] = []
  const ends: Seq2seqEnd[] = []
  const row = createRow(
    {
      text: [1],
      most: 2,
      choose: ([id]) => id ?? -1,
      take: (id, last) => taken.push([id, last]) < 0,
      stopped: () => false,
      started: () => {},
      ended: (end) => void ends.push(end),
      ...changes,
    },
    7,
  )
  return { row, taken, ends }
}
/** The time stands still. */
const still = () => 0
const logits = (...ids: number[]) => ({ logits: ids.map((id) => Float32Array.of(id)) })

test('each row takes a token of its own logits and its share of the time, and ends with its last', () => {
  const [one, two] = [rowOf(), rowOf({ most: 1 })]
  expect([one.row.last, one.row.count]).toEqual([7, 0])
  advance([one.row, two.row], logits(4, 5), (row) => (row === one.row ? 3 : 1), still)
  expect([one.taken, two.taken]).toEqual([[[4, false]], [[5, true]]])
  expect([one.ends, two.ends]).toEqual([[], [{ how: 'finished', computeMs: 1 }]])
  advance([one.row], logits(6), () => 2, still)
  expect([one.taken.at(-1), one.ends]).toEqual([[6, true], [{ how: 'finished', computeMs: 5 }]])
})

test('the time in which a token is chosen and taken is its text’s own, though it throws', () => {
  let time = 0
  const slow = rowOf({
    most: 1,
    choose() {
      time += 6
      return 3
    },
  })
  const quick = rowOf({ most: 1 })
  const bad = rowOf({
    choose() {
      time += 2
      throw new Error('no token is possible')
    },
  })
  const rows = [slow.row, quick.row, bad.row]
  advance(
    rows,
    logits(1, 2, 3),
    () => 1,
    () => time,
  )
  expect([slow, quick, bad].map(({ ends }) => ends[0]?.computeMs)).toEqual([7, 1, 3])
})

test('a taker that has enough ends its text', () => {
  const { row, ends } = rowOf({ most: 9, take: () => true })
  advance([row], logits(4), () => 1, still)
  expect([row.over, ends]).toEqual([true, [{ how: 'finished', computeMs: 1 }]])
})

test('what one throws, or lacks, ends it alone', () => {
  const cause = new Error('no token is possible')
  const [bad, good, lacking] = [
    rowOf({
      choose() {
        throw cause
      },
    }),
    rowOf(),
    rowOf(),
  ]
  advance([bad.row, good.row, lacking.row], logits(4, 5), () => 1, still)
  expect([bad.ends, good.ends, lacking.ends]).toMatchObject([
    [{ how: 'failed', cause }],
    [],
    [{ how: 'failed', cause: new RangeError('nothing at 2 of 2') }],
  ])
})

test('a text ends once', () => {
  const { row, ends } = rowOf()
  endRow(row, { how: 'stopped' })
  endRow(row, { how: 'finished' })
  expect(ends).toEqual([{ how: 'stopped', computeMs: 0 }])
})
