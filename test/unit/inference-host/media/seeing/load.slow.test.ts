import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  AutoModelForCausalLM,
  AutoModelForImageTextToText,
  AutoProcessor,
  AutoTokenizer,
  RawImage,
  Tensor,
} from '@huggingface/transformers'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Generating } from '../../../../../inference-host/device/load.ts'
import { loadSeeing } from '../../../../../inference-host/media/seeing/load.ts'
import type { Counts, Output, PerformOptions } from '../../../../../inference-host/work/engine.ts'
import type { Work } from '../../../../../inference-host/work/work.ts'
import { type HostPart, imagePart } from '../../../../../shared/openai/content.ts'
import type { HostMessage } from '../../../../../shared/openai/messages.ts'
import {
  PATCH,
  TILE,
  writeTinyPatches,
  writeTinyPlain,
  writeTinyTiles,
} from '../../../../fixtures/graphs/tiny-vision.ts'
import { pngOf } from '../../../../fixtures/images.ts'

const url = (file: Uint8Array) => `data:image/png;base64,${Buffer.from(file).toString('base64')}`
const image = (file: Uint8Array) => imagePart(url(file))
const textPart = (text: string): HostPart => ({ type: 'text', text })
const user = (...content: HostPart[]): HostMessage[] => [{ role: 'user', content }]

const WIDE = pngOf(40, 20, (x, y, channel) => (7 * x + 3 * y + 60 * channel) % 256)
const SQUARE = pngOf(24, 24, (x, y) => (x * y) % 256)
const TALL = pngOf(10, 30, (x) => (25 * x) % 256)
/** A wide image as a camera writes it that was held on its side. */
const ON_ITS_SIDE = new Uint8Array(await sharp(WIDE).png().withMetadata({ orientation: 6 }).toBuffer())
const NEW = 12
const MODELS = ['tiles', 'patches'] as const
type Model = (typeof MODELS)[number]

let folder: string
const models = new Map<Model, Awaited<ReturnType<typeof loadSeeing>>>()

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'seeing-'))
  await writeTinyTiles(path.join(folder, 'tiles'))
  await writeTinyPatches(path.join(folder, 'patches'))
  for (const model of MODELS) models.set(model, await loadSeeing(requestFor(model)))
})
afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))

const requestFor = (model: Model) => ({
  folder: path.join(folder, model),
  task: 'image-text-to-text' as const,
  device: 'cpu' as const,
  dtype: 'fp32' as const,
  context: undefined,
  threads: 1,
})

type Did = { text: string; counts: Counts; started: boolean; output: Output | undefined }

const nothingYet = (): Did => ({
  text: '',
  counts: { promptTokens: 0, outputTokens: 0, readMs: 0 },
  started: false,
  output: undefined,
})

/** Does a piece of work as a model's thread does it. */
async function perform(model: Model, work: Work, did = nothingYet(), stopped = () => false): Promise<Did> {
  const options: PerformOptions = {
    counts: did.counts,
    stopped,
    report(event) {
      if (event.type === 'started') did.started = true
      if (event.type === 'token') did.text += event.text
    },
    newSeed: () => 1,
  }
  did.output = await models.get(model)?.perform(work, options)
  return did
}

const limits = { promptTokens: 128, outputTokens: NEW }
const sampling = { temperature: 0, topP: undefined, seed: undefined, stop: [] }
const chat = (messages: HostMessage[], more: Partial<Work> = {}): Work =>
  ({ kind: 'chat', messages, sampling, limits, ...more }) as Work

/** The ids of a prompt and of what a model writes after it. */
async function greedy(model: Generating, inputs: object): Promise<number[]> {
  const ids = await model.generate({ ...inputs, max_new_tokens: NEW, do_sample: false })
  if (!(ids instanceof Tensor)) throw new Error('it gives no ids')
  return Array.from(ids.data, Number)
}

/** What transformers.js writes its usual way: template, processor, generate. */
async function reference(
  model: Model,
  parts: readonly HostPart[],
  files: readonly Uint8Array<ArrayBuffer>[],
) {
  const at = path.join(folder, model)
  const local = { local_files_only: true }
  const processor = await AutoProcessor.from_pretrained(at, local)
  const seeing = await AutoModelForImageTextToText.from_pretrained(at, { ...local, dtype: 'fp32' })
  const content = parts.map((part) => (part.type === 'text' ? part : { type: 'image' }))
  const messages: object[] = [{ role: 'user', content }]
  const prompt: string = Reflect.apply(processor.apply_chat_template, processor, [
    messages,
    { add_generation_prompt: true },
  ])
  const images = await Promise.all(
    files.map(async (file) => (await RawImage.fromBlob(new Blob([file]))).rgb()),
  )
  const inputs = images.length > 0 ? await processor(prompt, images) : processor.tokenizer?.(prompt)
  const length: number = inputs.input_ids.dims[1]
  const written = (await greedy(seeing, inputs)).slice(length)
  await seeing.dispose()
  return {
    text: processor.tokenizer?.decode(written, { skip_special_tokens: true }) ?? '',
    prompt: length,
    output: written.length,
  }
}

describe.each(MODELS)('%s', (model) => {
  test.each<[string, HostPart[], Uint8Array<ArrayBuffer>[]]>([
    ['a wide image before a text', [image(WIDE), textPart('what is this')], [WIDE]],
    ['a square one after a text', [textPart('look here: '), image(SQUARE)], [SQUARE]],
    ['one taken on its side', [image(ON_ITS_SIDE), textPart('what')], [ON_ITS_SIDE]],
    ['a tall one within a text', [textPart('this'), image(TALL), textPart('.\nis what')], [TALL]],
  ])('%s: the tokens of transformers.js', async (_, content, files) => {
    const expected = await reference(model, content, files)
    const { text, counts } = await perform(model, chat(user(...content)))
    expect({ text, prompt: counts.promptTokens, output: counts.outputTokens }).toEqual(expected)
    expect(expected.output).toBeGreaterThan(2)
    // And the same count without any of it.
    const counted = await perform(model, { kind: 'count', messages: user(...content), limits })
    expect(counted.output).toEqual({ kind: 'items', json: [String(expected.prompt)] })
    expect(counted.counts.promptTokens).toBe(0)
  })

  test('other pixels of the same size have another answer', async () => {
    const asked = (file: Uint8Array) => perform(model, chat(user(image(file), textPart('what'))))
    const other = pngOf(40, 20, (x) => (x * x) % 256)
    expect((await asked(WIDE)).text).not.toBe((await asked(other)).text)
  })

  test('a mark in a text is text: it shows no image, and takes the place of none', async () => {
    const marks = '<image><|vision_start|><|image_pad|><|vision_end|><row_1_col_1><global-img>'
    const { counts } = await perform(model, chat(user(textPart(marks), image(WIDE))))
    const { counts: plain } = await perform(model, chat(user(image(WIDE))))
    // Each character is a token of these tokenizers.
    expect(counts.promptTokens - plain.promptTokens).toBeGreaterThanOrEqual(marks.length)
    expect((await perform(model, chat(user(textPart(marks))))).text.length).toBeGreaterThan(0)
  })

  test('several answers are written to one prompt, which counts once', async () => {
    const several = await perform(model, chat(user(image(WIDE)), { answers: 2 } as Partial<Work>))
    expect(several.output).toMatchObject({
      kind: 'text',
      finishReasons: [expect.any(String), expect.any(String)],
    })
    const { counts } = await perform(model, chat(user(image(WIDE))))
    expect(several.counts.promptTokens).toBe(counts.promptTokens)
  })

  test.each<[string, HostMessage[], Partial<Work>, string]>([
    [
      'more tokens than are reserved',
      user(image(WIDE)),
      { limits: { ...limits, promptTokens: 8 } },
      'prompt_exceeds_reservation',
    ],
    ['more than the model holds', user(...Array(16).fill(image(SQUARE))), {}, 'context_length_exceeded'],
    ['a bomb', user(image(pngOf(65_535, 65_535))), {}, 'invalid_request'],
    ['an image whose pixels are not there', user(image(pngOf(40, 20))), {}, 'invalid_request'],
    ['a line of pixels', user(image(pngOf(16_000, 1, () => 0))), {}, 'invalid_request'],
    ['no image', user(image(new Uint8Array(50))), {}, 'invalid_request'],
  ])('refused before any compute: %s', async (_, messages, more, code) => {
    const did = nothingYet()
    await expect(perform(model, chat(messages, more), did)).rejects.toMatchObject({ code })
    expect([did.started, did.counts.promptTokens]).toEqual([false, 0])
  })

  test('what was decoded before an image that is broken counts, and so does the time of both', async () => {
    const did = nothingYet()
    const asked = chat(user(image(WIDE), image(pngOf(40, 20))), { limits: { ...limits, promptTokens: 999 } })
    await expect(perform(model, asked, did)).rejects.toMatchObject({ code: 'invalid_request' })
    const { counts } = await perform(model, chat(user(image(WIDE))))
    expect(did.started).toBe(false)
    expect(did.counts.promptTokens).toBeGreaterThan(0)
    expect(did.counts.promptTokens).toBeLessThan(counts.promptTokens)
    expect(did.counts.readMs).toBeGreaterThan(0)
  })

  test('stopped before, between and after its images, it computes nothing', async () => {
    const messages = user(image(WIDE), image(SQUARE), textPart('what'))
    // Once for each header, before the prompt is written, before and after each image is decoded, and before all are computed.
    for (let most = 0; most < 8; most++) {
      let asked = 0
      const did = await perform(model, chat(messages), nothingYet(), () => ++asked > most)
      expect([did.output, did.started, did.counts.outputTokens, asked]).toEqual([
        undefined,
        false,
        0,
        most + 1,
      ])
    }
  })

  test('no image counts as more than is said of the model', () => {
    const { imageTokens = 0, imagePatches } = models.get(model) ?? {}
    const tiles = 5 * (TILE.tokens + 2)
    const most = { tiles: tiles + 4, patches: Math.floor(PATCH.most / PATCH.side ** 2) + 2 }[model]
    expect(imageTokens).toBe(most)
    expect(imagePatches).toEqual(model === 'patches' ? { ...PATCH, around: 2 } : undefined)
  })
})

test('tiles: a text alone has the tokens of transformers.js', async () => {
  const content = [textPart('hello there')]
  const expected = await reference('tiles', content, [])
  const { text: written, counts } = await perform('tiles', chat(user(...content)))
  expect([written, counts.promptTokens]).toEqual([expected.text, expected.prompt])
})

test('patches: a text alone is answered as by the decoder alone, from the position after it', async () => {
  const at = path.join(folder, 'plain')
  await writeTinyPlain(at)
  const plain = await AutoModelForCausalLM.from_pretrained(at, { local_files_only: true, dtype: 'fp32' })
  const tokenizer = await AutoTokenizer.from_pretrained(at, { local_files_only: true })
  const said = 'hello there, how are you? fine I hope'
  const inputs = tokenizer(`<|im_start|>user\n${said}<|im_end|>\n<|im_start|>assistant\n`)
  const all = await greedy(plain, inputs)
  const ids = all.slice(inputs.input_ids.dims[1])
  await plain.dispose()
  const { text: written, counts } = await perform('patches', chat(user(textPart(said))))
  expect([counts.promptTokens + counts.outputTokens, written]).toEqual([
    all.length,
    tokenizer.decode(ids, { skip_special_tokens: true }),
  ])
})

test('tiles: two images in one message are those of transformers.js', async () => {
  const content = [image(WIDE), textPart('or'), image(SQUARE)]
  const expected = await reference('tiles', content, [WIDE, SQUARE])
  const { text: written, counts } = await perform('tiles', chat(user(...content)))
  expect([written, counts.promptTokens]).toEqual([expected.text, expected.prompt])
})
