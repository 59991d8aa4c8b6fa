import type { Decoder } from '../../../inference-host/decoding/batching/decoder.ts'
import type { KvArray } from '../../../inference-host/decoding/batching/shape.ts'
import type { TokenSampler } from '../../../inference-host/decoding/sampling/sampler.ts'

/** What a request generates with nothing else around: the whole prompt in one call, then token by token. */
export async function generateAlone(
  decoder: Decoder,
  prompt: readonly number[],
  most: number,
  choose: TokenSampler,
  over: (id: number) => boolean,
): Promise<number[]> {
  const { layers, kvHeads, headDim, vocab } = decoder.shape
  const stride = prompt.length + most
  const arrays: KvArray[] = Array.from(
    { length: 2 * layers },
    () => new Float32Array(kvHeads * stride * headDim),
  )
  const output: number[] = []
  let length = 0
  let feed = [...prompt]
  for (;;) {
    const { logits, fresh } = await decoder.run({
      ids: BigInt64Array.from(feed, BigInt),
      columns: feed.length,
      lengths: [length],
      cache: { arrays, rows: 1, stride },
    })
    for (const [i, array] of arrays.entries())
      for (let column = 0; column < feed.length; column++)
        for (let head = 0; head < kvHeads; head++)
          for (let d = 0; d < headDim; d++)
            array[(head * stride + length + column) * headDim + d] =
              fresh[i]?.[(column * kvHeads + head) * headDim + d] ?? Number.NaN
    length += feed.length
    const { id } = choose(logits.slice(0, vocab))
    output.push(id)
    if (over(id) || output.length >= most) return output
    feed = [id]
  }
}
