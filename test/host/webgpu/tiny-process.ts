import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { createBatchEngine } from '../../../inference-host/decoding/batching/batch-engine.ts'
import { openDeviceMemory } from '../../../inference-host/decoding/batching/device-memory.ts'
import { openDecoder } from '../../../inference-host/decoding/batching/open-decoder.ts'
import { runOriginal } from '../../../inference-host/decoding/serving-form/original-run.ts'
import { prepareServingForm } from '../../../inference-host/decoding/serving-form/prepare.ts'
import type { ServingDescription } from '../../../inference-host/decoding/serving-form/rewrite.ts'
import type { Verified } from '../../../inference-host/decoding/serving-form/verify.ts'
import { seededRandom } from '../../../inference-host/decoding/writing/random.ts'
import { encodeOnnx } from '../../../inference-host/onnx/file.ts'
import { answerParent } from '../../../inference-host/platform/child-process.ts'
import { askGreedily } from '../../fixtures/decoding/ask-greedily.ts'
import { spellOutAttention } from '../../fixtures/graphs/spelled-out.ts'
import { TINY, tinyDecoder } from '../../fixtures/graphs/tiny-decoder.ts'

/** A process that prepares a tiny decoder for WebGPU, batches requests there, and computes each alone on the CPU. */
export type TinyRequest = { attention: 'gqa' | 'spelled-out'; requests: number }
export type TinyAnswer = {
  description: ServingDescription
  verified: Verified | undefined
  batched: number[][]
  alone: number[][]
  cachedTokens: number
  largestBatch: number
  /** What an allocation beyond the device's limit is taken for. */
  /** What the device says to more memory than it has. */
  tooMuch: string
}

type Wish = { prompt: number[]; most: number }

answerParent(async ({ attention, requests }: TinyRequest): Promise<TinyAnswer> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'twohop-webgpu-'))
  try {
    const model = tinyDecoder()
    if (attention === 'spelled-out') spellOutAttention(model)
    const modelFile = path.join(folder, 'model.onnx')
    const outFile = path.join(folder, 'model.webgpu.serving.onnx')
    await writeFile(modelFile, encodeOnnx(model))
    const prepared = await prepareServingForm({ modelFile, outFile, device: 'webgpu', context: TINY.context })
    if ('unsupported' in prepared) throw new Error(prepared.unsupported)
    const { description, verified } = prepared
    const wishes = wishesFor(requests)
    const decoder = await openDecoder(outFile, description, { device: 'webgpu', threads: 1 })
    let largestBatch = 0
    let time = 0
    const engine = createBatchEngine({
      decoder: {
        ...decoder,
        run(call) {
          largestBatch = Math.max(largestBatch, call.lengths.length)
          return decoder.run(call)
        },
      },
      slots: 6,
      memoryBytes: 2 ** 22,
      context: TINY.context,
      // Not the time that it takes, which would have it read prompts sparingly.
      now: () => time++,
      // Short lanes: what grows moves from one to the next.
      sizes: { stride: 32, lane: 32, block: 32 },
    })
    const outcomes = await Promise.all(wishes.map((wish) => askGreedily(engine, wish)))
    const cpu = await InferenceSession.create(modelFile)
    const alone: number[][] = []
    for (const { prompt, most } of wishes)
      alone.push((await runOriginal(cpu, description, prompt, most)).chosen)
    return {
      description,
      verified,
      batched: outcomes.map(({ tokens }) => tokens),
      alone,
      cachedTokens: outcomes.reduce((sum, { cached }) => sum + cached, 0),
      largestBatch,
      tooMuch: await allocateTooMuch(description),
    }
  } finally {
    await rm(folder, { recursive: true, maxRetries: 10 })
  }
})

/** Prompts of 1 to 70 tokens, half of them with the same 40 at the start. */
function wishesFor(count: number): Wish[] {
  const random = seededRandom(5)
  const below = (most: number) => Math.floor(random() * most)
  const shared = Array.from({ length: 40 }, () => below(TINY.vocab))
  return Array.from({ length: count }, (_, i) => {
    const own = Array.from({ length: 1 + below(30) }, () => below(TINY.vocab))
    return { prompt: i % 2 === 0 ? own : [...shared, ...own], most: 3 + below(9) }
  })
}

async function allocateTooMuch(description: ServingDescription): Promise<TinyAnswer['tooMuch']> {
  const memory = await openDeviceMemory('webgpu', description, 32)
  const error = await memory.allocate(2 ** 20).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? error.message : ''
}
