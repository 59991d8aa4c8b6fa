import { Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { createKvBuffer } from '../../../../../inference-host/decoding/batching/kv-buffer.ts'
import { createOrtDecoder } from '../../../../../inference-host/decoding/batching/ort-decoder.ts'
import type { DecoderShape } from '../../../../../inference-host/decoding/batching/shape.ts'
import { SHAPE } from '../../../../fixtures/decoding/hashing-decoder.ts'

type Feeds = Record<string, Tensor>

function sessionOf(shape: DecoderShape, rows: number, columns: number) {
  const { layers, kvHeads, headDim, vocab, kvType } = shape
  const calls: Feeds[] = []
  const width = rows * columns * kvHeads * headDim
  const floats = (length: number) => Float32Array.from({ length }, (_, i) => i)
  return {
    calls,
    async run(feeds: Feeds) {
      calls.push(feeds)
      const outputs: Feeds = { logits: new Tensor('float32', floats(rows * vocab), [rows, 1, vocab]) }
      for (let layer = 0; layer < layers; layer++)
        for (const kind of ['key', 'value'])
          outputs[`new.${layer}.${kind}`] = new Tensor(
            kvType,
            kvType === 'float16' ? Uint16Array.from(floats(width)) : floats(width),
            [rows, columns, kvHeads * headDim],
          )
      return outputs
    },
  }
}

const numbers = (tensor: Tensor | undefined) => Array.from(tensor?.data as BigInt64Array, Number)

async function runOnce(shape: DecoderShape, lengths: number[], columns: number) {
  const session = sessionOf(shape, lengths.length, columns)
  const buffer = createKvBuffer(shape, 4, 6)
  const decoder = createOrtDecoder(session as never, shape)
  const ids = BigInt64Array.from({ length: lengths.length * columns }, (_, i) => BigInt(i + 5))
  const call = { ids, columns, lengths, cache: buffer.view(lengths.length) }
  const result = await decoder.run(call)
  await decoder.run(call)
  return { feeds: session.calls[0] as Feeds, again: session.calls[1] as Feeds, result }
}

describe('what a session is fed', () => {
  test('by the family of GroupQueryAttention: lengths as leading ones, the cache as it lies', async () => {
    const { feeds, again, result } = await runOnce(SHAPE, [2, 5], 1)
    expect(Object.keys(feeds).sort()).toEqual([
      'attention_mask',
      'input_ids',
      ...[0, 1].flatMap((layer) => [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`]),
    ])
    expect(numbers(feeds.input_ids)).toEqual([5, 6])
    expect(feeds.attention_mask?.dims).toEqual([2, 6])
    expect(numbers(feeds.attention_mask)).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    expect(feeds['past_key_values.1.value']).toMatchObject({ dims: [2, 2, 6, 3], type: 'float32' })
    expect(again['past_key_values.1.value']).toBe(feeds['past_key_values.1.value'])
    expect(result.logits).toHaveLength(80)
    expect(result.fresh.map(({ length }) => length)).toEqual([12, 12, 12, 12])
  })

  test('by the spelled-out family: new columns behind the row, gaps masked, positions', async () => {
    const { feeds } = await runOnce({ ...SHAPE, family: 'spelled-out' }, [2], 3)
    expect(feeds.attention_mask?.dims).toEqual([1, 9])
    expect(numbers(feeds.attention_mask)).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 1])
    expect(feeds.position_ids?.dims).toEqual([1, 3])
    expect(numbers(feeds.position_ids)).toEqual([2, 3, 4])
  })

  test('in float16 as bits, which come back as bits', async () => {
    const { feeds, result } = await runOnce({ ...SHAPE, kvType: 'float16' }, [2], 1)
    expect(feeds['past_key_values.0.key']?.type).toBe('float16')
    expect(result.fresh[0]).toEqual(Uint16Array.of(0, 1, 2, 3, 4, 5))
  })

  test('a session without new keys and values is no serving form', async () => {
    const decoder = createOrtDecoder(
      { run: async () => ({ logits: new Tensor('float32', [1], [1]) }) } as never,
      SHAPE,
    )
    const cache = createKvBuffer(SHAPE, 1, 6).view(1)
    await expect(decoder.run({ ids: BigInt64Array.of(1n), columns: 1, lengths: [0], cache })).rejects.toThrow(
      'new.0.key',
    )
  })
})
