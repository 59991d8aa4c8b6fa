import { Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { named, namedAll } from '../../../../inference-host/onnx/named.ts'

const [one, two] = [1, 2].map((value) => new Tensor('float32', Float32Array.of(value), [1]))

test('a tensor by its name, or the ones that a graph takes', () => {
  const tensors = { one, two, none: undefined }
  expect(named(tensors, 'two')).toBe(two)
  expect(namedAll(tensors, ['one'])).toEqual({ one })
})

test('one that is not there is an error that names it', () => {
  expect(() => named({ one, none: undefined }, 'none')).toThrow('there is no tensor called none')
  expect(() => namedAll({ one }, ['one', 'logits'])).toThrow('there is no tensor called logits')
})
