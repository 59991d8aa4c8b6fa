import { expect, test } from 'vitest'
import { sequenceOf } from '../../../../fixtures/decoding/sequences.ts'
import { smallParts } from '../../../../fixtures/decoding/small-parts.ts'

const LOGITS = new Float32Array(40)

test('a sequence goes on until its last token, then gives up its slot and says what was computed', () => {
  const { slots, prefill, endings, admit } = smallParts()
  const one = sequenceOf(6, 2)
  admit(one)
  expect(endings.advance(one.sequence, LOGITS)).toBe(true)
  expect([one.ends, slots.holders.size, prefill.waiting.length]).toEqual([[], 1, 1])
  expect(endings.advance(one.sequence, LOGITS)).toBe(false)
  expect(one.ends).toMatchObject([{ how: 'finished', outputTokens: 2 }])
  expect([slots.holders.size, prefill.waiting.length]).toEqual([0, 0])
})

test('what a sampler throws ends its sequence alone, with the cause', () => {
  const { slots, endings, admit } = smallParts()
  const cause = new Error('no such token')
  const [bad, good] = [
    sequenceOf(6, 2, () => {
      throw cause
    }),
    sequenceOf(5),
  ]
  admit(bad, good)
  expect(endings.advance(bad.sequence, LOGITS)).toBe(false)
  expect(bad.ends).toMatchObject([{ how: 'failed', cause }])
  expect([...slots.holders]).toEqual([good.sequence])
  expect(good.ends).toEqual([])
})

test('the time in which a token is chosen and taken is of its sequence, though it throws', () => {
  const { endings, admit, now } = smallParts()
  const wait = (ms: number) => {
    for (let tick = 0; tick < ms; tick++) now()
  }
  const [costly, quick, bad] = [
    sequenceOf(6, 9, () => {
      wait(6)
      return 9
    }),
    sequenceOf(5, 9),
    sequenceOf(4, 9, () => {
      wait(3)
      throw new Error('no such token')
    }),
  ]
  admit(costly, quick, bad)
  for (const one of [costly, quick, bad, costly, quick]) endings.advance(one.sequence, LOGITS)
  // Reading the clock takes a tick.
  expect([costly, quick].map(({ sequence }) => sequence.counted.computeMs)).toEqual([14, 2])
  expect(bad.ends).toMatchObject([{ how: 'failed', computeMs: 4 }])
})

test('an end gives back the buffer of a half-computed prompt', async () => {
  const { prefill, staging, memory, endings, admit } = smallParts()
  const one = sequenceOf(12)
  admit(one)
  await prefill.compute({ sequence: one.sequence, tokens: 4, newcomer: false })
  expect(one.sequence.staged).toBeDefined()
  endings.end(one.sequence, { how: 'stopped' })
  expect(one.sequence.staged).toBeUndefined()
  const held = memory.used
  staging.tighten()
  expect(memory.used).toBeLessThan(held)
  expect(one.ends).toMatchObject([{ how: 'stopped', promptTokens: 12, outputTokens: 0 }])
})
