import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { useFloat32Activations } from '../../../inference-host/decoding/serving-form/int8-activations.ts'
import { type Prepared, prepareServingForm } from '../../../inference-host/decoding/serving-form/prepare.ts'
import { startSlots } from '../../../inference-host/decoding/serving-form/serving-run.ts'
import { chatPrompt } from '../../../inference-host/decoding/writing/prompt.ts'
import { loadModel } from '../../../inference-host/device/load.ts'
import type { ModelProto } from '../../../inference-host/onnx/schema.ts'
import { spellOutAttention } from '../../fixtures/graphs/spelled-out.ts'
import { normalizeQk, packQkv } from '../../fixtures/graphs/variants.ts'
import { describeEachModel, embeddedModel, realModel } from '../../fixtures/models.ts'
import { type Copy, copyOf } from './folder.ts'
import { generateGreedily, serveGreedily } from './greedy.ts'

const chat = embeddedModel('twohop-chat')

function spellOut(model: ModelProto): void {
  spellOutAttention(model)
  useFloat32Activations(model)
}

/** Threads that wait for each other burn what other tests need, so the small model has one. */
async function prepared(copy: { modelFile: string; outFile: string }, threads = 1): Promise<Prepared> {
  const result = await prepareServingForm({ ...copy, threads })
  if ('unsupported' in result) throw new Error(result.unsupported)
  return result
}

const QUESTIONS = [
  'What is Twohop?',
  'How do I start the stack on my own machine?',
  'Who pays?',
  'Why are there two hops, and not one?',
  'What does the edge do with a token that has expired?',
]
/** Tokens to answer each with: some leave while others stay. */
const COUNTS = [24, 9, 16, 30, 5]

/** Both ways to answer: by transformers.js from the original, one by one, and by the serving form in joined slots. */
async function answers(copy: Copy, dtype: 'q8' | 'q4', counts: readonly number[], threads = 1) {
  const form = await prepared(copy, threads)
  const { folder } = copy
  const task = 'text-generation'
  const loaded = await loadModel({ folder, task, device: 'cpu', dtype, context: undefined, threads })
  const prompts = await Promise.all(
    counts.map((_, i) => chatPrompt(loaded, [{ role: 'user', content: QUESTIONS[i] ?? '' }])),
  )
  const alone: number[][] = []
  for (const [i, prompt] of prompts.entries())
    alone.push(await generateGreedily(loaded, prompt, counts[i] ?? 0))
  await loaded.model.dispose()

  const session = await InferenceSession.create(copy.outFile, { intraOpNumThreads: threads })
  const slots = startSlots(session, form.description, prompts.length, 96, 5)
  const lengths = alone.map(({ length }) => length)
  const joined = await serveGreedily(slots, prompts, lengths)
  await session.release()
  return { alone, joined, ...form }
}

describe('the embedded chat model', () => {
  test('has an exact serving form that is a hundredth of its size, and answers the same tokens in joined slots as alone with transformers.js', async () => {
    const copy = await copyOf(chat.folder)
    const { description, verified, bytes, alone, joined } = await answers(copy, 'q8', COUNTS)
    expect(description).toEqual({
      family: 'gqa',
      layers: 4,
      kvHeads: 2,
      headDim: 32,
      vocab: 2048,
      kvType: 'float32',
      newLayout: 'tokens-heads',
      // How many depends on the machine.
      columnBlock: expect.any(Number),
    })
    expect(verified?.measured.alone).toBe(0)
    expect(bytes).toBeLessThan(40_000)
    expect(alone.flat().length).toBeGreaterThan(40)
    expect(joined).toEqual(alone)
  })

  test('spelled out, differs by less than 1e-3, and answers the same tokens in joined slots as alone with transformers.js', async () => {
    const copy = await copyOf(chat.folder, spellOut)
    const { description, verified, alone, joined } = await answers(copy, 'q8', COUNTS)
    expect(alone.flat().length).toBeGreaterThan(40)
    expect(joined).toEqual(alone)
    expect(description.family).toBe('spelled-out')
    expect(verified?.measured.alone).toBeLessThan(1e-3)
    expect(verified?.measured.batch).toBeLessThan(1e-3)
  })

  test('spelled out with int8 activations, is judged with float32 ones', async () => {
    const { verified } = await prepared(await copyOf(chat.folder, spellOutAttention))
    expect(verified?.float32?.alone).toBeLessThan(1e-3)
    expect(verified?.float32?.batch).toBeLessThan(1e-3)
  })

  test('with normalized queries and keys, has an exact serving form', async () => {
    const { verified } = await prepared(await copyOf(chat.folder, normalizeQk))
    expect(verified?.measured.alone).toBe(0)
  })

  test('with packed QKV, has none, and says so', async () => {
    const copy = await copyOf(chat.folder, packQkv)
    expect(await prepareServingForm(copy)).toEqual({ unsupported: expect.stringContaining('packed QKV') })
    expect(await readdir(path.dirname(copy.modelFile))).toEqual([path.basename(copy.modelFile)])
  })
})

describeEachModel('the serving form of %s', [realModel('SmolLM2-135M-Instruct')], (smol) => {
  test('has a serving form that is exact for a slot alone', async () => {
    const copy = await copyOf(smol.folder)
    const { description, verified, bytes } = await prepared(copy, 2)
    expect(description).toMatchObject({ family: 'gqa', layers: 30, kvHeads: 3, headDim: 64, vocab: 49_152 })
    expect(verified?.measured.alone).toBe(0)
    // Above zero only where this machine's kernels round several rows otherwise than one.
    if (verified?.measured.batch !== 0) expect(verified?.float32?.batch).toBeLessThan(1e-3)
    expect(bytes).toBeLessThan(300_000)
  })

  test('spelled out, differs by less than 1e-3 and answers the same tokens', async () => {
    const { alone, joined, verified } = await answers(await copyOf(smol.folder, spellOut), 'q4', [5, 3], 2)
    expect(joined).toEqual(alone)
    expect(verified?.measured.alone).toBeLessThan(1e-3)
    expect(verified?.measured.batch).toBeLessThan(1e-3)
  })
})
