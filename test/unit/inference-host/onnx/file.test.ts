import { expect, test } from 'vitest'
import {
  decodeOnnx,
  encodeOnnx,
  externalFiles,
  pointAtWeights,
} from '../../../../inference-host/onnx/file.ts'
import { Unsupported } from '../../../../inference-host/onnx/unsupported.ts'
import { tinyDecoder } from '../../../fixtures/graphs/tiny-decoder.ts'

/** Field 25 of a model (functions), and field 99, which no version has; both with the bytes 1 2 3. */
const UNNAMED_FIELDS = Uint8Array.of(0xca, 0x01, 3, 1, 2, 3, 0x9a, 0x06, 3, 1, 2, 3)

test('decoding and encoding gives the same bytes, fields that the schema does not name included', () => {
  const bytes = Buffer.concat([encodeOnnx(tinyDecoder()), UNNAMED_FIELDS])
  expect(Buffer.compare(encodeOnnx(decodeOnnx(bytes)), bytes)).toBe(0)
})

test('64-bit integers beyond what a number holds stay as they are', () => {
  const model = tinyDecoder()
  // The largest int64, which slices are given for "to the end".
  const bytes = encodeOnnx(model)
  const decoded = decodeOnnx(bytes)
  const [node] = decoded.graph.node
  const i = decodeOnnx(bytes).graph.input[2]?.type?.tensor_type?.shape?.dim?.[1]?.dim_value
  if (node === undefined || i === undefined || typeof i === 'number')
    throw new Error('there is no 64-bit integer')
  const largest = i.constructor as unknown as { MAX_VALUE: typeof i }
  node.attribute = [{ name: 'to', type: 2, i: largest.MAX_VALUE }]
  expect(String(decodeOnnx(encodeOnnx(decoded)).graph.node[0]?.attribute?.[0]?.i)).toBe('9223372036854775807')
})

test('big weights are pointed at where they lie, small ones stay', () => {
  const bytes = encodeOnnx(tinyDecoder())
  // A view that does not begin its buffer: offsets count from the file's own beginning.
  const file = Buffer.concat([Buffer.alloc(13), bytes]).subarray(13)
  const model = decodeOnnx(file)
  const weights = decodeOnnx(file).graph.initializer
  pointAtWeights(model, { bytes: file, name: 'model.onnx' })
  expect(externalFiles(model)).toEqual(['model.onnx'])
  const moved = model.graph.initializer.filter((tensor) => tensor.data_location === 1)
  expect(moved).toHaveLength(16)
  for (const tensor of moved) {
    const entry = (key: string) => Number(tensor.external_data?.find((found) => found.key === key)?.value)
    const raw = weights.find(({ name }) => name === tensor.name)?.raw_data ?? new Uint8Array()
    expect(raw.byteLength).toBe(entry('length'))
    expect(raw.byteLength).toBeGreaterThanOrEqual(1024)
    expect(Buffer.compare(file.subarray(entry('offset'), entry('offset') + entry('length')), raw)).toBe(0)
  }
  expect(encodeOnnx(model).byteLength).toBeLessThan(bytes.byteLength / 4)
})

test.each([
  ['text', Buffer.from('not a model at all')],
  ['nothing', Buffer.alloc(0)],
  ['half a model', encodeOnnx(tinyDecoder()).subarray(0, 5000)],
])('%s is refused', (_, bytes) => {
  expect(() => decodeOnnx(bytes)).toThrow(Unsupported)
})
