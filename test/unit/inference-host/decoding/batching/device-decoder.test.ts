import { Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { createDeviceDecoder } from '../../../../../inference-host/decoding/batching/device-decoder.ts'
import type { DecoderShape } from '../../../../../inference-host/decoding/batching/shape.ts'
import { SHAPE } from '../../../../fixtures/decoding/hashing-decoder.ts'

const GRAIN = 4
const shape: DecoderShape = { ...SHAPE, newLayout: 'in-place' }
const CACHES = ['0.key', '0.value', '1.key', '1.value']

function start(outputs: readonly string[]) {
  const calls: { feeds: Record<string, Tensor>; fetches: Record<string, Tensor | null> }[] = []
  const disposed: string[] = []
  const handle = (name: string, dims: readonly number[] = [1]) =>
    Tensor.fromGpuBuffer({ name } as never, {
      dataType: 'float32',
      dims: [...dims],
      dispose: () => void disposed.push(name),
    })
  const session = {
    async run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor | null>) {
      calls.push({ feeds, fetches })
      const logits = new Tensor('float32', new Float32Array(2 * shape.vocab), [2, 1, shape.vocab])
      return Object.fromEntries(outputs.map((name) => [name, name === 'logits' ? logits : handle(name)]))
    },
  }
  let arrays = 0
  const memory = {
    allocate: async (rows: number) => handle(`array ${arrays++}`, [rows, GRAIN * shape.headDim]),
    copy: async () => {},
    free: (array: Tensor) => array.dispose(),
  }
  const decoder = createDeviceDecoder(session as never, shape, memory, GRAIN)
  return { calls, disposed, decoder, buffer: decoder.createBuffer?.(3, 8) }
}

const call = { ids: BigInt64Array.of(5n, 6n), columns: 1, lengths: [2, 5] }

test('a cache goes in and comes out as the same buffer, its rows as long as they lie', async () => {
  const { calls, disposed, decoder, buffer } = start(['logits', ...CACHES.map((name) => `present.${name}`)])
  buffer?.setStride(6, [])
  const cache = buffer?.view(2)
  if (cache === undefined) throw new Error('no buffer')
  const { logits, fresh } = await decoder.run({ ...call, cache })
  expect([logits.length, fresh]).toEqual([2 * shape.vocab, []])
  const [{ feeds, fetches } = { feeds: {}, fetches: {} }] = calls
  expect(Object.keys(fetches)).toEqual(['logits', ...CACHES.map((name) => `present.${name}`)])
  for (const [i, name] of CACHES.entries()) {
    const fed = feeds[`past_key_values.${name}`]
    expect(fetches[`present.${name}`]).toBe(fed)
    expect(fed).toMatchObject({
      dims: [2, 2, 8, 3],
      location: 'gpu-buffer',
      gpuBuffer: { name: `array ${i}` },
    })
  }
  expect(feeds.attention_mask?.dims).toEqual([2, 6])
  // The handles that came back are given up, the arrays are not.
  expect(disposed).toEqual(CACHES.map((name) => `present.${name}`))
  await decoder.run({ ...call, cache })
  expect(calls[1]?.feeds['past_key_values.0.key']).toBe(feeds['past_key_values.0.key'])
})

test('a session without logits is named as what it is', async () => {
  const { decoder, buffer } = start(['present.0.key'])
  const cache = buffer?.view(2)
  if (cache === undefined) throw new Error('no buffer')
  await expect(decoder.run({ ...call, cache })).rejects.toThrow('not in its serving form')
})
