import { expect, test } from 'vitest'
import type { Call } from '../../../../../inference-host/decoding/batching/decoder.ts'
import { laneRunner } from '../../../../../inference-host/decoding/batching/lane-run.ts'
import { at } from '../../../../../inference-host/platform/at.ts'
import { type Heard, sequenceOf } from '../../../../fixtures/decoding/sequences.ts'
import { smallParts } from '../../../../fixtures/decoding/small-parts.ts'

/** A lane of sequences with a token each. */
async function setUp(
  all: readonly Heard[],
  rowsPerCall = 9,
  onCall: (call: Call) => void = () => {},
  padsRows = false,
) {
  const parts = smallParts({ onCall: (call) => call.columns === 1 && onCall(call) })
  const { prefill, lanes, endings, admit } = parts
  admit(...all)
  for (const { sequence } of all) {
    const logits = await prefill.compute({ sequence, tokens: 99, newcomer: false })
    if (logits !== undefined) endings.advance(sequence, logits)
    if (sequence.staged !== undefined) lanes.add(sequence, sequence.staged, 0)
    prefill.remove(sequence)
  }
  const [lane] = lanes.active()
  if (lane === undefined) throw new Error('no lane')
  const shape = { ...parts.decoder.shape, padsRows }
  const decoder = { ...parts.decoder, shape }
  return { ...parts, lane, runLane: laneRunner({ ...parts, decoder, rowsPerCall }) }
}

test('every member gets a token, all in one call, and its share of the time', async () => {
  const all = [sequenceOf(3), sequenceOf(4), sequenceOf(5)]
  const rows: number[] = []
  const { lane, runLane, tally } = await setUp(all, 9, ({ lengths }) => void rows.push(lengths.length))
  await runLane(lane)
  expect(rows).toEqual([3])
  expect(all.map(({ tokens }) => tokens)).toEqual([
    [9, 9],
    [9, 9],
    [9, 9],
  ])
  expect(all.map(({ sequence }) => sequence.length)).toEqual([4, 5, 6])
  // A third of the call, and a tick of its own for each of its two tokens.
  for (const { sequence } of all) expect(sequence.counted.computeMs).toBeCloseTo(2 + 1 / 3)
  expect(tally.read()).toMatchObject({ steps: 1, stepRows: 3, stepMs: 1, outputTokens: 3 })
})

test('an odd number of rows is computed with one more where that is asked for, and nobody has anything of it', async () => {
  const rows: number[][] = []
  const take = ({ lengths }: Call) => void rows.push([...lengths])
  const all = [sequenceOf(3), sequenceOf(4, 2), sequenceOf(5)]
  const { lane, runLane, tally } = await setUp(all, 9, take, true)
  await runLane(lane)
  expect(rows).toEqual([[3, 4, 5, 0]])
  expect(all.map(({ tokens }) => tokens.length)).toEqual([2, 2, 2])
  expect(tally.read()).toMatchObject({ stepRows: 3, outputTokens: 3 })
  await runLane(lane)
  expect(rows[1]).toEqual([4, 6])
  const alone = await setUp([sequenceOf(3)], 9, take, true)
  await alone.runLane(alone.lane)
  expect(rows[2]).toEqual([3])
})

test('calls of two rows give each row its own logits', async () => {
  const seen: Float32Array[] = []
  const all = [3, 4, 5].map((length) => sequenceOf(length, 4))
  const { lane, runLane } = await setUp(all, 2)
  for (const { sequence } of all)
    Object.assign(sequence.request, {
      choose: (logits: Float32Array) => {
        seen.push(logits.slice())
        return { id: 9, logprobs: undefined }
      },
    })
  await runLane(lane)
  const together = await setUp(
    [3, 4, 5].map((length) => sequenceOf(length, 4)),
    9,
  )
  const expected: Float32Array[] = []
  for (const { request } of together.lane.members)
    Object.assign(request, {
      choose: (logits: Float32Array) => {
        expected.push(logits.slice())
        return { id: 9, logprobs: undefined }
      },
    })
  await together.runLane(together.lane)
  expect(seen).toHaveLength(3)
  expect(seen).toEqual(expected)
})

test('members that end leave, and the others keep their caches', async () => {
  const all = [sequenceOf(3, 2), sequenceOf(4, 4), sequenceOf(5, 2)]
  const { lane, runLane, slots } = await setUp(all)
  await runLane(lane)
  expect(all.map(({ ends }) => ends.map(({ how }) => how))).toEqual([['finished'], [], ['finished']])
  expect(lane.members).toEqual([at(all, 1).sequence])
  expect(slots.holders.size).toBe(1)
  await runLane(lane)
  expect(at(all, 1).tokens).toEqual([9, 9, 9])
})

test('where a call fails, the whole lane ends with the cause, and nobody got a token of it', async () => {
  const cause = new Error('device is lost')
  let calls = 0
  const all = [sequenceOf(3), sequenceOf(4), sequenceOf(5)]
  const { lane, runLane } = await setUp(all, 2, () => {
    if (++calls === 2) throw cause
  })
  await runLane(lane)
  expect(all.map(({ tokens }) => tokens.length)).toEqual([1, 1, 1])
  expect(all.flatMap(({ ends }) => ends)).toMatchObject(all.map(() => ({ how: 'failed', cause })))
  expect(lane.members).toEqual([])
})

test('one that sits out stays where it is: it gets no token, and the call is the others’ compute', async () => {
  const all = [sequenceOf(3), sequenceOf(4), sequenceOf(5)]
  const calls: number[][] = []
  const { lane, runLane, tally } = await setUp(all, 9, ({ lengths }) => void calls.push([...lengths]))
  const waiting = at(all, 1)
  waiting.sequence.owesMs = 1
  await runLane(lane)
  expect(calls).toEqual([[3, 4, 5]])
  expect(all.map(({ tokens }) => tokens.length)).toEqual([2, 1, 2])
  expect(all.map(({ sequence }) => sequence.length)).toEqual([4, 4, 6])
  // A tick for each token's choice, and half of the call for those that went on.
  expect(all.map(({ sequence }) => sequence.counted.computeMs)).toEqual([2.5, 1, 2.5])
  expect(tally.read()).toMatchObject({ steps: 1, stepRows: 2, stepMs: 1, outputTokens: 2 })
  waiting.sequence.owesMs = 0
  await runLane(lane)
  expect(calls[1]).toEqual([4, 4, 6])
  expect(waiting.tokens).toEqual([9, 9])
})

test('those that all sit out make no call, each in calls of its own too', async () => {
  const all = [sequenceOf(3), sequenceOf(4), sequenceOf(5)]
  let rows = 0
  const { lane, runLane, tally } = await setUp(all, 1, ({ lengths }) => {
    rows += lengths.length
  })
  for (const { sequence } of all.slice(0, 2)) sequence.owesMs = 1
  await runLane(lane)
  expect(rows).toBe(1)
  expect(all.map(({ tokens }) => tokens.length)).toEqual([1, 1, 2])
  expect(tally.read()).toMatchObject({ steps: 1, stepRows: 1, outputTokens: 1 })
})
