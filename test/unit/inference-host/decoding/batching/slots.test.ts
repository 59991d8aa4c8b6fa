import { expect, test } from 'vitest'
import { createBatchSlots } from '../../../../../inference-host/decoding/batching/slots.ts'
import { sequenceOf } from '../../../../fixtures/decoding/sequences.ts'

/** Sequences that may grow to 8, 16 and 64 tokens of cache. */
const small = () => sequenceOf(3, 2).sequence
const middle = () => sequenceOf(9, 2).sequence
const large = () => sequenceOf(40, 2).sequence

test('slots are given in order of arrival, as many as there are', () => {
  const slots = createBatchSlots(2, 1000)
  const all = [small(), small(), small()]
  for (const one of all) slots.enqueue(one)
  expect([slots.giveNext(), slots.giveNext(), slots.giveNext()]).toEqual([all[0], all[1], undefined])
  expect([slots.holders.size, slots.queued.length]).toEqual([2, 1])
})

test('memory must hold all at their largest and the largest once more', () => {
  expect([small().bound, middle().bound, large().bound]).toEqual([8, 16, 64])
  const given = (tokens: number) => {
    const slots = createBatchSlots(9, tokens)
    for (const one of [small(), middle()]) slots.enqueue(one)
    return [slots.giveNext(), slots.giveNext()].filter(Boolean).length
  }
  expect([given(15), given(16), given(39), given(40)]).toEqual([0, 1, 1, 2])
})

test('nobody overtakes a large one that waits for memory', () => {
  const slots = createBatchSlots(9, 130)
  const [first, big, late] = [middle(), large(), small()]
  for (const one of [first, big, late]) slots.enqueue(one)
  expect([slots.giveNext(), slots.giveNext()]).toEqual([first, undefined])
  slots.release(first)
  expect(slots.giveNext()).toBe(big)
})

test('one that is released is forgotten, whether it waits or holds a slot', () => {
  const slots = createBatchSlots(1, 1000)
  const [holder, queued] = [small(), small()]
  for (const one of [holder, queued]) slots.enqueue(one)
  slots.giveNext()
  slots.release(queued)
  slots.release(holder)
  expect([slots.holders.size, slots.queued.length, slots.giveNext()]).toEqual([0, 0, undefined])
})
