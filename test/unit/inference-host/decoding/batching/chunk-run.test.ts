import { expect, test } from 'vitest'
import { chunkRunner } from '../../../../../inference-host/decoding/batching/chunk-run.ts'
import { sequenceOf } from '../../../../fixtures/decoding/sequences.ts'
import { smallParts } from '../../../../fixtures/decoding/small-parts.ts'

function setUp(hooks: Parameters<typeof smallParts>[0] = {}) {
  const parts = smallParts(hooks)
  const paces: [number, number][] = []
  const pace = { sawChunk: (tokens: number, ms: number) => void paces.push([tokens, ms]) }
  return { ...parts, paces, runChunk: chunkRunner({ ...parts, pace }) }
}

test('a part of a prompt is computed, timed and counted, and the sequence goes on waiting', async () => {
  const { prefill, lanes, tally, paces, admit, runChunk } = setUp()
  const one = sequenceOf(12)
  admit(one)
  await runChunk({ sequence: one.sequence, tokens: 5, newcomer: false })
  expect([one.sequence.length, prefill.waiting.length, lanes.members.length]).toEqual([5, 1, 0])
  expect([one.tokens, paces]).toEqual([[], [[5, 1]]])
  expect(tally.read()).toMatchObject({ chunks: 1, chunkTokens: 5, chunkMs: 1, promptTokens: 0 })
  expect(one.sequence.counted.computeMs).toBe(1)
})

test('the end of a prompt gives the first token, and a place in a lane', async () => {
  const { prefill, lanes, tally, admit, runChunk } = setUp()
  const one = sequenceOf(6)
  admit(one)
  await runChunk({ sequence: one.sequence, tokens: 6, newcomer: true })
  expect([one.tokens, one.ends]).toEqual([[9], []])
  expect([prefill.waiting.length, lanes.members]).toEqual([0, [one.sequence]])
  expect(one.sequence.staged).toBeUndefined()
  expect(tally.read()).toMatchObject({ promptTokens: 6, outputTokens: 1 })
})

test('a sequence of one token ends there and joins no lane', async () => {
  const { lanes, slots, admit, runChunk } = setUp()
  const one = sequenceOf(6, 1)
  admit(one)
  await runChunk({ sequence: one.sequence, tokens: 6, newcomer: true })
  expect(one.ends).toMatchObject([{ how: 'finished', outputTokens: 1 }])
  expect([lanes.members.length, slots.holders.size]).toEqual([0, 0])
})

test('where the decoder fails, that sequence ends with the cause and its time is counted', async () => {
  const cause = new Error('out of memory')
  const { lanes, paces, admit, runChunk } = setUp({
    onCall() {
      throw cause
    },
  })
  const [bad, other] = [sequenceOf(6), sequenceOf(7)]
  admit(bad, other)
  await runChunk({ sequence: bad.sequence, tokens: 6, newcomer: false })
  expect(bad.ends).toMatchObject([{ how: 'failed', cause, computeMs: 1 }])
  expect([other.ends, paces, lanes.members]).toEqual([[], [], []])
})
