import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AutoTokenizer,
  env,
  type FeatureExtractionPipeline,
  pipeline,
  type TextGenerationPipeline,
} from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { words } from '../../../bench/host/prompts.ts'
import { checkSizes, type DecoderSizes, SMOLLM2_135M } from '../../../bench/models/decoder.ts'
import { madeAs, madeModel, writeDecoder, writeEncoder } from '../../../bench/models/made.ts'
import { randomBytes } from '../../../bench/models/weights.ts'
import { prepareServingForm } from '../../../inference-host/decoding/serving-form/prepare.ts'

const DECODER: DecoderSizes = {
  layers: 2,
  hidden: 128,
  heads: 4,
  kvHeads: 2,
  wide: 192,
  vocab: 3000,
  context: 256,
}
const ENCODER = { layers: 2, hidden: 64, heads: 4, wide: 128, vocab: 10_000, context: 128 }
const LOCAL = { local_files_only: true, device: 'cpu' } as const

let dir: string
beforeAll(async () => {
  env.allowRemoteModels = false
  dir = await mkdtemp(join(tmpdir(), 'twohop-made-'))
  await writeDecoder(join(dir, 'decoder'), DECODER)
  await writeEncoder(join(dir, 'encoder'), ENCODER)
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }))

test('random bytes are the same for a seed, others for another, and of all values', () => {
  expect(randomBytes(1, 1001)).toEqual(randomBytes(1, 1001))
  expect(randomBytes(1, 64)).not.toEqual(randomBytes(2, 64))
  const many = randomBytes(7, 100_000)
  expect(new Set(many).size).toBe(256)
  expect(Math.abs(many.reduce((sum, byte) => sum + byte, 0) / many.length - 127.5)).toBeLessThan(1)
})

test.each([
  [{ hidden: 100 }, 'hidden and wide are multiples of 32'],
  [{ heads: 7 }, 'hidden is a multiple of 16 times the heads'],
  [{ kvHeads: 2 }, 'heads are a multiple of kv-heads'],
])('sizes that no decoder can have are refused: %o', (fields, message) => {
  expect(() => checkSizes({ ...SMOLLM2_135M, ...fields })).toThrow(message)
  expect(() => checkSizes(SMOLLM2_135M)).not.toThrow()
})

describe('a made decoder', () => {
  const folder = () => join(dir, 'decoder')

  test('has one token for each word of a prompt, and as many tokens as its graph', async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(folder(), LOCAL)
    for (const count of [1, 64, 200])
      expect(tokenizer.encode(words(`seed ${count}`, count))).toHaveLength(count)
    expect(tokenizer.decode([DECODER.vocab - 1])).toMatch(/^ w/)
    expect(tokenizer.decode(tokenizer.encode('What is an edge?'))).toBe('What is an edge?')
  })

  test('writes as many tokens as it is asked for, and always the same', async () => {
    const generate: TextGenerationPipeline = await pipeline('text-generation', folder(), {
      ...LOCAL,
      dtype: 'q4',
    })
    const run = async () => {
      const { input_ids } = generate.tokenizer(words('seed', 16))
      return [
        ...((await generate.model.generate({ input_ids, max_new_tokens: 40 })) as typeof input_ids).data,
      ]
    }
    const tokens = await run()
    expect(tokens).toHaveLength(16 + 40)
    expect(await run()).toEqual(tokens)
    // Of random weights that compute something: neither the first token always, nor one of the marks.
    expect(new Set(tokens.slice(16)).size).toBeGreaterThan(5)
    expect(tokens.slice(16).every((id) => id > 2)).toBe(true)
    await generate.dispose()
  })

  test('can be batched by the host', async () => {
    const onnx = join(folder(), 'onnx')
    const prepared = await prepareServingForm({
      modelFile: join(onnx, 'model_q4.onnx'),
      outFile: join(onnx, 'model_q4.serving.onnx'),
    })
    expect(prepared).toMatchObject({
      description: { family: 'gqa', layers: 2, kvHeads: 2, headDim: 32, vocab: 3000, kvType: 'float32' },
    })
  })

  test('says that its weights are random, and is not written over', async () => {
    expect(await madeAs(folder())).toMatch(/^decoder: layers 2, hidden 128/)
    expect(await madeAs(dir)).toBeUndefined()
    await expect(writeDecoder(folder(), DECODER)).rejects.toThrow('is there already')
  })
})

describe('a made encoder', () => {
  test('gives each token a vector, which padding does not change', async () => {
    const extract: FeatureExtractionPipeline = await pipeline('feature-extraction', join(dir, 'encoder'), {
      ...LOCAL,
      dtype: 'q8',
    })
    const [short, long] = [words('short', 5).trim(), words('long', 30).trim()]
    const tokens = await extract(long)
    expect(tokens.dims).toEqual([1, 32, ENCODER.hidden])
    const options = { pooling: 'mean', normalize: true } as const
    const alone = (await extract(short, options)).tolist()[0] as number[]
    const [padded, other] = (await extract([short, long], options)).tolist() as number[][]
    expect(Math.hypot(...alone)).toBeCloseTo(1, 5)
    expect(Math.max(...alone.map((value, i) => Math.abs(value - (padded?.[i] ?? 9))))).toBeLessThan(1e-4)
    expect(Math.max(...alone.map((value, i) => Math.abs(value - (other?.[i] ?? 0))))).toBeGreaterThan(1e-3)
    await extract.dispose()
  })

  test("of MiniLM's shape is made once", async () => {
    const told: string[] = []
    const empty = await mkdtemp(join(dir, 'once-'))
    const first = await madeModel('encoder', empty, (line) => told.push(line))
    expect(await madeModel('encoder', empty, (line) => told.push(line))).toBe(first)
    expect(told).toEqual([`making a model with random weights, once: ${first}`])
    expect(await madeAs(first)).toBe(
      'encoder: layers 6, hidden 384, heads 12, wide 1536, vocab 30522, context 512',
    )
  })
})
