import { expect, test } from 'vitest'
import { createDebts, sitsOut } from '../../../../../inference-host/decoding/batching/debts.ts'
import { createDeviceHashingDecoder } from '../../../../fixtures/decoding/fake-device.ts'
import { createHashingDecoder } from '../../../../fixtures/decoding/hashing-decoder.ts'
import { sequenceOf } from '../../../../fixtures/decoding/sequences.ts'
import {
  alone,
  ask,
  engineOf,
  range,
  SIZES,
  samplerOf,
  type Wish,
} from '../../../../fixtures/decoding/small-engine.ts'

/** Running sequences that owe so many milliseconds each. */
const owing = (...milliseconds: number[]) =>
  milliseconds.map((owesMs) => Object.assign(sequenceOf(3).sequence, { owesMs }))
const owed = (all: readonly { owesMs: number }[]) => all.map(({ owesMs }) => owesMs)

test('what the decoder took pays those who owe least first, all alike', () => {
  const debts = createDebts()
  const all = owing(40, 0, 1, 9)
  debts.computed(6)
  debts.computed(6)
  debts.settle(all)
  expect(owed(all)).toEqual([34.5, 0, 0, 3.5])
  expect(all.map(sitsOut)).toEqual([true, false, false, true])
})

test('nothing is saved up for later debts', () => {
  const debts = createDebts()
  debts.computed(1000)
  debts.settle(owing(0, 0))
  const all = owing(5, 0)
  debts.settle(all)
  expect(owed(all)).toEqual([5, 0])
})

test('where all owe, nobody waits', () => {
  const all = owing(40, 3)
  createDebts().settle(all)
  expect(owed(all)).toEqual([0, 0])
})

/** Milliseconds of a call of the decoder for one new token each, and of a choice that a structure rules. */
const [CALL, CHOICE] = [5, 50]

/** Four whose structures take ten times as long as a call run beside one without; on a set clock. */
async function besideStructures(constrained: boolean, decoderOf = createHashingDecoder) {
  let time = 0
  const decoder = decoderOf({
    onCall: ({ columns }) => {
      if (columns === 1) time += CALL
    },
  })
  const engine = engineOf(decoder, { now: () => time })
  const wishes = [1, 2, 3, 4].map((i): Wish => ({ prompt: range(i * 3, 2 + i), most: 20 }))
  const costly = wishes.map((wish) => {
    const choose = samplerOf(wish)
    return ask(engine, wish, {
      constrained,
      choose(logits) {
        time += CHOICE
        return choose(logits)
      },
    })
  })
  const plain: Wish = { prompt: range(50, 9), most: 40 }
  const { tokens } = await ask(engine, plain)
  const took = time
  return { tokens, plain, took, texts: (await Promise.all(costly)).map((each) => each.tokens), wishes }
}

test('structures that take long leave those without one half of their pace', async () => {
  const { tokens, took } = await besideStructures(true)
  expect(tokens.length).toBeGreaterThan(10)
  // Each of the four may choose once before it owes anything, and once more beyond what is paid.
  expect(took).toBeLessThan(2 * CALL * tokens.length + 2 * 4 * CHOICE)
  expect((await besideStructures(false)).took).toBeGreaterThan(3 * took)
})

test.each([
  ['in memory', createHashingDecoder],
  ['on a device', (hooks = {}) => createDeviceHashingDecoder(hooks, SIZES.block)],
] as const)('those that sit out write what they write alone, their caches %s', async (_, decoderOf) => {
  const { tokens, plain, texts, wishes } = await besideStructures(true, decoderOf)
  expect(texts).toEqual(await Promise.all(wishes.map(alone)))
  expect(tokens).toEqual(await alone(plain))
})
