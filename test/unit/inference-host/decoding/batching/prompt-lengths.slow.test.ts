import { InferenceSession } from 'onnxruntime-node'
import { expect, onTestFinished, test } from 'vitest'
import { decoderGraph } from '../../../../../bench/models/decoder.ts'
import { createBatchEngine } from '../../../../../inference-host/decoding/batching/batch-engine.ts'
import { openDecoder } from '../../../../../inference-host/decoding/batching/open-decoder.ts'
import { argmax } from '../../../../../inference-host/decoding/sampling/greedy.ts'
import { useFloat32Activations } from '../../../../../inference-host/decoding/serving-form/int8-activations.ts'
import { runOriginal } from '../../../../../inference-host/decoding/serving-form/original-run.ts'
import { prepareServingForm } from '../../../../../inference-host/decoding/serving-form/prepare.ts'
import { saved } from '../../../../fixtures/saved-graph.ts'

const CONTEXT = 600

/** A decoder of heads of this size, as its export and as a batch engine; the logits behind a prompt by either. */
async function decoderOf(headDim: number) {
  const sizes = {
    layers: 2,
    hidden: 2 * headDim,
    heads: 2,
    kvHeads: 1,
    wide: 64,
    vocab: 512,
    context: CONTEXT,
  }
  const model = decoderGraph(sizes)
  // Int8 activations would hide a difference, or make much of it.
  useFloat32Activations(model)
  const { modelFile, outFile } = await saved(model)
  const prepared = await prepareServingForm({ modelFile, outFile })
  if ('unsupported' in prepared) throw new Error(prepared.unsupported)
  const { description } = prepared
  const original = await InferenceSession.create(modelFile, { intraOpNumThreads: 1 })
  const decoder = await openDecoder(outFile, description, { device: 'cpu', threads: 1 })
  const calls: number[] = []
  const engine = createBatchEngine({
    decoder: {
      ...decoder,
      run(call) {
        calls.push(call.columns)
        return decoder.run(call)
      },
    },
    slots: 4,
    memoryBytes: 64 * 2 ** 20,
    context: CONTEXT,
    now: () => performance.now(),
  })
  onTestFinished(async () => {
    await engine.close()
    await decoder.close()
    await original.release()
  })

  function asked(prompt: readonly number[], namespace: string) {
    let logits = new Float32Array()
    return new Promise<{ logits: Float32Array; cached: number }>((resolve, reject) =>
      engine.submit({
        prompt,
        most: 1,
        namespace,
        choose(found) {
          logits = found.slice()
          return { id: argmax(found), logprobs: undefined }
        },
        stopped: () => false,
        started() {},
        take: () => true,
        ended: (end) =>
          end.how === 'failed' ? reject(end.cause) : resolve({ logits, cached: end.cachedPromptTokens }),
      }),
    )
  }
  const alone = async (prompt: readonly number[]) =>
    (await runOriginal(original, description, prompt, 1)).logits[0]
  return { alone, asked, calls, description }
}

const promptOf = (length: number, which: number) =>
  Array.from({ length }, (_, i) => 3 + ((Math.imul(i + 1 + 31 * which, 2_654_435_761) >>> 8) % 500))

const largest = (found: Float32Array, wanted: Float32Array | undefined) =>
  found.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted?.[i] ?? Number.NaN))), 0)

test.each([64, 128, 256])(
  'heads of %d: a prompt of any length comes to what the export makes of it, cold, cached and among others',
  async (headDim) => {
    const { alone, asked, calls, description } = await decoderOf(headDim)
    const block = description.columnBlock ?? description.fixedChunks ?? 128
    const odd = [block, block + 1, block + 2, 2 * block + 1, 2 * block + 2, 3 * block + 1]
    const lengths = [...new Set([129, 257, 385, ...odd])]
    const wanted = new Map<number, Float32Array | undefined>()
    for (const length of lengths) wanted.set(length, await alone(promptOf(length, 1)))
    // Where a token depends on the length of what follows it, the export's own way cannot be had with a cache.
    const exact = description.fixedChunks === undefined
    for (const length of lengths) {
      const cold = await asked(promptOf(length, 1), `alone ${length}`)
      const cached = await asked(promptOf(length, 1), `alone ${length}`)
      expect([length, cold.cached]).toEqual([length, 0])
      if (length > 2 * block + 32) expect([length, cached.cached > 0]).toEqual([length, true])
      expect([length, largest(cached.logits, cold.logits)]).toEqual([length, 0])
      if (exact) expect([length, largest(cold.logits, wanted.get(length))]).toEqual([length, 0])
    }
    // Among others, and behind what these have left in the cache.
    const together = await Promise.all(
      lengths.map((length) => asked(promptOf(length, 1), length % 2 ? 'one' : 'other')),
    )
    for (const [i, { logits }] of together.entries())
      if (exact) expect([lengths[i], largest(logits, wanted.get(lengths[i] ?? 0))]).toEqual([lengths[i], 0])
    expect(Math.min(...calls)).toBeGreaterThan(exact ? 1 : 0)
  },
)
