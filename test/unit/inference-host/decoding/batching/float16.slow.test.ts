import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBatchEngine } from '../../../../../inference-host/decoding/batching/batch-engine.ts'
import { openDecoder } from '../../../../../inference-host/decoding/batching/open-decoder.ts'
import { prepareServingForm } from '../../../../../inference-host/decoding/serving-form/prepare.ts'
import { encodeOnnx } from '../../../../../inference-host/onnx/file.ts'
import { askGreedily } from '../../../../fixtures/decoding/ask-greedily.ts'
import { TINY, tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'
import { toFloat16 } from '../../../../fixtures/graphs/variants.ts'

type Wish = { prompt: number[]; most: number }

let folder = ''
let decoder: Awaited<ReturnType<typeof openDecoder>>
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'twohop-float16-'))
  const model = tinyDecoder()
  toFloat16(model)
  const [modelFile, outFile] = [path.join(folder, 'model.onnx'), path.join(folder, 'model.serving.onnx')]
  await writeFile(modelFile, encodeOnnx(model))
  const prepared = await prepareServingForm({ modelFile, outFile })
  if ('unsupported' in prepared) throw new Error(prepared.unsupported)
  expect(prepared.description.kvType).toBe('float16')
  decoder = await openDecoder(outFile, prepared.description, { device: 'cpu', threads: 1 })
})
afterAll(async () => {
  await decoder.close()
  await rm(folder, { recursive: true, maxRetries: 10 })
})

/** What an engine with some slots writes for requests that all come at once, and its largest batch. */
async function written(wishes: readonly Wish[], slots: number) {
  let largest = 0
  const engine = createBatchEngine({
    decoder: {
      ...decoder,
      run(call) {
        largest = Math.max(largest, call.lengths.length)
        return decoder.run(call)
      },
    },
    slots,
    memoryBytes: 2 ** 20,
    context: TINY.context,
    now: () => performance.now(),
    sizes: { stride: 16, lane: 16, block: 16 },
  })
  const texts = await Promise.all(wishes.map(async (wish) => (await askGreedily(engine, wish)).tokens))
  return { texts, largest }
}

test('caches in float16: many at once write what each writes alone, on any prompts', async () => {
  let largest = 0
  const token = fc.integer({ min: 0, max: TINY.vocab - 1 })
  const prompt = fc.oneof(
    fc.array(token, { minLength: 1, maxLength: 70 }),
    fc.array(token, { minLength: 1, maxLength: 20 }).map((end) => [...Array(32).keys(), ...end]),
  )
  const wish = fc.record({ prompt, most: fc.integer({ min: 1, max: 20 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { minLength: 2, maxLength: 12 }), async (wishes) => {
      const together = await written(wishes, 6)
      largest = Math.max(largest, together.largest)
      expect(together.texts).toEqual((await written(wishes, 1)).texts)
    }),
    { numRuns: 20, seed: 3 },
  )
  expect(largest).toBe(6)
})
