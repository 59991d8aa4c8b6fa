import { expect, test } from 'vitest'
import { createStep } from '../../../../../inference-host/decoding/batching/step.ts'
import { type Heard, sequenceOf } from '../../../../fixtures/decoding/sequences.ts'
import { smallParts } from '../../../../fixtures/decoding/small-parts.ts'

/** A step that notes what it has computed instead of computing it, with eight tokens of prompts a step. */
function setUp(budget = 8) {
  const parts = smallParts()
  const { prefill, lanes, staging } = parts
  const done: string[] = []
  const decodingMs: number[] = []
  const hooks = { sweep: () => {} }
  const join = ({ sequence }: Heard) => {
    sequence.length = sequence.request.prompt.length
    lanes.add(sequence, staging.take(8), 0)
  }
  const step = createStep({
    ...parts,
    pace: { budget: () => budget, sawDecoding: (ms) => void decodingMs.push(ms) },
    sweep: () => hooks.sweep(),
    async runChunk({ sequence, tokens }) {
      done.push(`${tokens} of ${sequence.request.prompt.length}`)
      sequence.length += tokens
      if (sequence.length === sequence.request.prompt.length) prefill.remove(sequence)
    },
    async runLane({ members }) {
      done.push(`lane of ${members.length}`)
    },
  })
  return { ...parts, step, done, decodingMs, hooks, join }
}

test('a step computes prompts up to its budget, then every lane', async () => {
  const { step, done, decodingMs, join, admit } = setUp()
  join(sequenceOf(5))
  admit(sequenceOf(20))
  await step()
  expect(done).toEqual(['8 of 20', 'lane of 1'])
  expect(decodingMs).toEqual([1])
})

test('a newcomer’s short prompt is computed at once; without a running sequence nothing is said of decoding', async () => {
  const { step, done, decodingMs, admit } = setUp()
  admit(sequenceOf(20))
  await step()
  expect([done, decodingMs]).toEqual([['20 of 20'], []])
})

test('requests are let in before the first call, and after each', async () => {
  const { step, done, hooks, join, admit } = setUp(4)
  join(sequenceOf(5))
  let sweeps = 0
  hooks.sweep = () => {
    if (++sweeps === 1) admit(sequenceOf(20))
  }
  await step()
  expect(done).toEqual(['4 of 20', 'lane of 1'])
  // Before the first call, after the chunk, after the prompts, after the lane.
  expect(sweeps).toBe(4)
})

test('somebody who has nothing running and came late is not left for the next step', async () => {
  const { step, done, hooks, join, admit } = setUp(4)
  const running = sequenceOf(5)
  Object.assign(running.sequence.request, { namespace: 'a' })
  join(running)
  const same = sequenceOf(20)
  Object.assign(same.sequence.request, { namespace: 'a' })
  admit(same)
  let sweeps = 0
  hooks.sweep = () => {
    if (++sweeps !== 2) return
    const newcomer = sequenceOf(6)
    Object.assign(newcomer.sequence.request, { namespace: 'b' })
    admit(newcomer)
  }
  await step()
  expect(done).toEqual(['4 of 20', '6 of 6', 'lane of 1'])
})
