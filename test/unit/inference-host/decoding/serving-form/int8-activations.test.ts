import { expect, test } from 'vitest'
import {
  computesInInt8,
  useFloat32Activations,
} from '../../../../../inference-host/decoding/serving-form/int8-activations.ts'
import { attribute } from '../../../../../inference-host/onnx/graph.ts'
import { tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'

/** A decoder with a 4-bit head of this accuracy level, or of none. */
function decoderOf(level: number | undefined) {
  const model = tinyDecoder({ head: 'four-bit' })
  const [product] = model.graph.node.filter(({ op_type }) => op_type === 'MatMulNBits')
  if (product === undefined) throw new Error('the head has no product of 4 bits')
  // ONNX's type of a whole number.
  if (level !== undefined) product.attribute?.push({ name: 'accuracy_level', type: 2, i: level })
  return { model, levelOf: () => attribute(product, 'accuracy_level')?.i }
}

test.each([
  [undefined, false],
  [0, false],
  [1, false],
  [2, true],
  [4, true],
])('a product of accuracy level %s rounds its activations: %s', (level, rounds) => {
  expect(computesInInt8(decoderOf(level).model)).toBe(rounds)
})

test('a decoder without products of 4 bits rounds nothing, and has nothing to set', () => {
  const model = tinyDecoder()
  useFloat32Activations(model)
  expect(model).toEqual(tinyDecoder())
  expect(computesInInt8(model)).toBe(false)
})

test('set to compute in float32, none rounds any more', () => {
  const { model, levelOf } = decoderOf(4)
  useFloat32Activations(model)
  expect(Number(levelOf())).toBe(1)
  expect(computesInInt8(model)).toBe(false)
})
