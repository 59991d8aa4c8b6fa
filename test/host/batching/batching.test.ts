import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type BatchEngine,
  createBatchEngine,
} from '../../../inference-host/decoding/batching/batch-engine.ts'
import type { Decoder } from '../../../inference-host/decoding/batching/decoder.ts'
import { createOrtDecoder } from '../../../inference-host/decoding/batching/ort-decoder.ts'
import { batchedWrite } from '../../../inference-host/decoding/batching/write.ts'
import { createTokenSampler } from '../../../inference-host/decoding/sampling/sampler.ts'
import { useFloat32Activations } from '../../../inference-host/decoding/serving-form/int8-activations.ts'
import { prepareServingForm } from '../../../inference-host/decoding/serving-form/prepare.ts'
import { createAnswerText, textRulesOf } from '../../../inference-host/decoding/writing/answer-text.ts'
import { generate } from '../../../inference-host/decoding/writing/generate.ts'
import { chatPrompt } from '../../../inference-host/decoding/writing/prompt.ts'
import { seededRandom } from '../../../inference-host/decoding/writing/random.ts'
import { inputsOf, type Loaded, loadModel } from '../../../inference-host/device/load.ts'
import type { ModelProto } from '../../../inference-host/onnx/schema.ts'
import type { SamplingSettings } from '../../../inference-host/work/sampling.ts'
import { spellOutAttention } from '../../fixtures/graphs/spelled-out.ts'
import { describeEachModel, embeddedModel, realModel } from '../../fixtures/models.ts'
import { copyOf } from '../serving-form/folder.ts'

const chat = embeddedModel('twohop-chat')

type Wish = {
  prompt: number[]
  room: number
  seed: number
  settings: SamplingSettings
  stop: string[]
  namespace: string | undefined
  /** Told to stop once it has this many tokens. */
  quitAfter: number
}
type Text = { text: string; outputTokens: number; finishReason: string | undefined }

const BEGINNINGS = [
  'What is',
  'How do I start',
  'Who pays for',
  'Explain in one sentence',
  'Why are there two of',
]
const ENDINGS = [
  'the edge?',
  'a reservation?',
  'the host, and where does it run?',
  'the ledger on my machine?',
  'a lease?',
]
const GREEDY: SamplingSettings = { temperature: 0 }
const SAMPLED: SamplingSettings[] = [
  {},
  { temperature: 0.8 },
  { temperature: 1.1, topP: 0.9 },
  { temperature: 0.9, topK: 20, minP: 0.05 },
  { temperature: 0.7, frequencyPenalty: 0.6, presencePenalty: 0.2, logitBias: new Map([[10, -5]]) },
  { temperature: 0, repetitionPenalty: 1.3 },
]

function wishesFor(loaded: Loaded, count: number, mostRoom: number, seed: number): Promise<Wish[]> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const wishes = Array.from({ length: count }, async (_, i) => {
    const question = `${pick(BEGINNINGS)} ${pick(ENDINGS)}`
    const system =
      random() < 0.5 ? 'You answer shortly, in plain words, and say so when you do not know. '.repeat(2) : ''
    const messages = [
      ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user' as const, content: question },
    ]
    return {
      room: 1 + Math.floor(random() * mostRoom),
      seed: i,
      settings: random() < 0.4 ? pick(SAMPLED) : GREEDY,
      stop: random() < 0.3 ? [pick(['the ', '. ', 'e a', ','])] : [],
      namespace: pick(['ann', 'bob', undefined]),
      quitAfter: random() < 0.2 ? 1 + Math.floor(random() * 9) : Number.POSITIVE_INFINITY,
      // Last: what comes before is drawn in one go, in the same order each time.
      prompt: await chatPrompt(loaded, messages),
    }
  })
  return Promise.all(wishes)
}

const samplerOf = (loaded: Loaded, { prompt, settings, seed }: Wish) =>
  createTokenSampler({ settings, defaults: loaded.defaults, prompt, random: seededRandom(seed) })

/** By transformers.js alone, one at a time; its own greedy search where nothing is sampled or penalized. */
async function alone(loaded: Loaded, wish: Wish): Promise<Text> {
  const plain = wish.settings === GREEDY
  const choose = samplerOf(loaded, wish)
  let text = ''
  let outputTokens = 0
  const finishReason = await generate(loaded, {
    inputs: inputsOf(wish.prompt),
    room: wish.room,
    sampler: plain ? undefined : choose,
    answer: createAnswerText(textRulesOf(loaded), wish.stop),
    stopped: () => outputTokens >= wish.quitAfter,
    onToken(piece, count) {
      text += piece
      outputTokens = count
    },
  })
  return { text, outputTokens, finishReason }
}

async function batched(engine: BatchEngine, loaded: Loaded, wish: Wish): Promise<Text & { cached: number }> {
  let text = ''
  let outputTokens = 0
  let cached = 0
  const written = await batchedWrite(engine)({
    prompt: wish.prompt,
    room: wish.room,
    sampler: samplerOf(loaded, wish),
    constrained: false,
    answer: createAnswerText(textRulesOf(loaded), wish.stop),
    namespace: wish.namespace,
    stopped: () => outputTokens >= wish.quitAfter,
    onStart(cachedPromptTokens) {
      cached = cachedPromptTokens ?? 0
    },
    onToken(piece, count) {
      text += piece
      outputTokens = count
    },
  })
  if (written.failure !== undefined) throw written.failure.cause
  return { text, outputTokens, finishReason: written.finishReason, cached }
}

/** Submits requests while others are under way: a few with each call that the decoder gets. */
async function storm(decoder: Decoder, loaded: Loaded, wishes: readonly Wish[], seed: number) {
  const random = seededRandom(seed)
  const due: (() => void)[] = []
  const engine = createBatchEngine({
    decoder: {
      shape: decoder.shape,
      run(call) {
        if (random() < 0.4) due.shift()?.()
        return decoder.run(call)
      },
    },
    slots: 8,
    memoryBytes: 2 ** 28,
    context: 512,
    now: () => performance.now(),
    sizes: { stride: 16, lane: 64, block: 16 },
  })
  const texts = wishes.map((wish) => {
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof batched>>>()
    due.push(() => resolve(batched(engine, loaded, wish)))
    return promise
  })
  while (due.length > 0) {
    for (let i = 0; i < 4; i++) due.shift()?.()
    while (engine.stats().decoding + engine.stats().prefilling > 0 || engine.stats().queued > 0)
      await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return { texts: await Promise.all(texts), stats: engine.stats() }
}

async function prepare(folder: string, change?: (model: ModelProto) => void, threads = 1) {
  const copy = await copyOf(folder, change)
  const prepared = await prepareServingForm({ ...copy, threads })
  if ('unsupported' in prepared) throw new Error(prepared.unsupported)
  return { ...copy, ...prepared, threads }
}

async function open(
  { folder, outFile, description, threads }: Awaited<ReturnType<typeof prepare>>,
  dtype: 'q8' | 'q4',
) {
  const task = 'text-generation'
  const loaded = await loadModel({ folder, task, device: 'cpu', dtype, context: 512, threads })
  const session = await InferenceSession.create(outFile, { intraOpNumThreads: threads })
  onTestFinished(async () => {
    await session.release()
    await loaded.model.dispose()
  })
  return { loaded, decoder: createOrtDecoder(session, description) }
}

async function expectSameTexts(decoder: Decoder, loaded: Loaded, wishes: readonly Wish[], seed: number) {
  const { texts, stats } = await storm(decoder, loaded, wishes, seed)
  for (const [i, wish] of wishes.entries())
    expect(texts[i], `request ${i}`).toMatchObject(await alone(loaded, wish))
  return { texts, stats }
}

describe('the embedded chat model, many at once', () => {
  test('writes what it writes alone with transformers.js, greedy and sampled', async () => {
    const { loaded, decoder } = await open(await prepare(chat.folder), 'q8')
    const { texts, stats } = await expectSameTexts(decoder, loaded, await wishesFor(loaded, 80, 60, 1), 1)
    expect(stats.stepRows / stats.steps).toBeGreaterThan(1.5)
    expect(texts.filter(({ cached }) => cached > 0).length).toBeGreaterThan(10)
  })

  test('does so with its attention spelled out', async () => {
    const form = await prepare(chat.folder, (model) => {
      spellOutAttention(model)
      useFloat32Activations(model)
    })
    expect(form.description.family).toBe('spelled-out')
    const { loaded, decoder } = await open(form, 'q8')
    await expectSameTexts(decoder, loaded, await wishesFor(loaded, 30, 40, 3), 3)
  })
})

describeEachModel('%s, many at once', [realModel('SmolLM2-135M-Instruct')], (smol) => {
  test('writes what it writes alone with transformers.js', async () => {
    // With int8 activations many machines' kernels round several rows otherwise than one, which the serving form's own test measures.
    const { loaded, decoder } = await open(await prepare(smol.folder, useFloat32Activations, 2), 'q4')
    await expectSameTexts(decoder, loaded, await wishesFor(loaded, 6, 8, 3), 3)
  })
})
