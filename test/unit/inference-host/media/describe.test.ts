import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeMedia, describeSeeing } from '../../../../inference-host/media/describe.ts'
import { readEye } from '../../../../inference-host/media/sight.ts'
import { catalogEntry } from '../../../../inference-host/pull/catalog-entry.ts'
import { ModelEntry } from '../../../../inference-host/weights/manifest.ts'
import {
  CUT_OUT,
  IMAGE_TOKENS,
  SPEECH_CONTEXT,
  writeTinyCaptioner,
  writeTinyImageClassifier,
  writeTinySpeech,
} from '../../../fixtures/graphs/tiny-media.ts'
import { PATCH, TILE, writeTinyPatches, writeTinyTiles } from '../../../fixtures/graphs/tiny-vision.ts'
import { pngOf } from '../../../fixtures/images.ts'

let folder: string
const at = (name: string) => path.join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'media-'))
  await writeTinySpeech(at('automatic-speech-recognition'))
  await writeTinyCaptioner(at('image-to-text'))
  await writeTinyImageClassifier(at('image-classification'), ['a', 'b'])
  await writeTinyTiles(at('tiles'))
  await writeTinyPatches(at('patches'))
})
afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))

it.each([
  ['automatic-speech-recognition', { context: SPEECH_CONTEXT }],
  ['image-to-text', { context: 20, imageTokens: IMAGE_TOKENS }],
  ['image-classification', { context: 1, imageTokens: IMAGE_TOKENS }],
] as const)('%s: what its files say, and its entry in the catalog', async (task, described) => {
  expect(await describeMedia(task, { folder: at(task), context: undefined })).toEqual(described)
  const entry = ModelEntry.parse({ id: 'm', source: at(task), task })
  expect(await catalogEntry(entry, at(task))).toEqual({
    catalog: {
      id: 'm',
      tasks: [task],
      context: described.context,
      overhead: { request: 0, item: 0 },
      ...('imageTokens' in described && { image_tokens: described.imageTokens }),
    },
    warning: undefined,
  })
})

it.each([
  ['tiles', { image_tokens: 5 * (TILE.tokens + 2) + 4 }],
  ['patches', { image_tokens: PATCH.most / PATCH.side ** 2 + 2, image_patches: { ...PATCH, around: 2 } }],
])('%s: the entry of a model that answers chats with images', async (name, images) => {
  const entry = ModelEntry.parse({ id: 'm', source: at(name), task: 'image-text-to-text' })
  const { catalog } = await catalogEntry(entry, at(name))
  expect(catalog).toEqual({ id: 'm', tasks: ['chat'], context: 128, overhead: expect.any(Object), ...images })
  expect(catalog.overhead.request + catalog.overhead.item).toBeGreaterThan(10)
})

it('a model whose template writes no images, or of a kind that is not known, is none', async () => {
  const seeing = { folder: at('tiles'), context: undefined }
  const config = path.join(at('tiles'), 'tokenizer_config.json')
  const { chat_template, ...rest } = JSON.parse(await readFile(config, 'utf8'))
  await writeFile(config, JSON.stringify({ ...rest, chat_template: chat_template.replace('<image>', '') }))
  await expect(describeSeeing(seeing)).rejects.toMatchObject({ code: 'template_unsupported' })
  await writeFile(config, JSON.stringify({ ...rest, chat_template }))
  expect(await describeSeeing({ ...seeing, context: 99 })).toMatchObject({ context: 99 })
  const other = { folder: at('image-to-text'), context: undefined }
  await expect(describeSeeing(other)).rejects.toThrow('not known here')
})

it('a context that is asked for is the shorter one', async () => {
  const task = 'automatic-speech-recognition'
  expect(await describeMedia(task, { folder: at(task), context: 9 })).toEqual({ context: 9 })
  expect(await describeMedia(task, { folder: at(task), context: 900 })).toEqual({ context: SPEECH_CONTEXT })
})

it('what a model sees counts the same, however large the image is, and what it takes is told', async () => {
  const { see } = await readEye(at('image-to-text'))
  const spent: number[] = []
  const seen = await see(pngOf(300, 20, (x, y) => (x + y) % 256))
  expect([seen.tokens, seen.pixels.dims]).toEqual([IMAGE_TOKENS, [1, 3, 32, 32]])
  await expect(see(pngOf(300, 20), (ms) => spent.push(ms))).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'inputs',
  })
  expect(spent).toEqual([expect.any(Number)])
})

it('a line of pixels becomes no image of gigabytes where its shorter side is brought to a length', async () => {
  await writeTinyImageClassifier(at('cut-out'), ['a', 'b'], CUT_OUT)
  const { see } = await readEye(at('cut-out'))
  const shade = (x: number) => x % 256
  expect((await see(pngOf(300, 20, shade))).tokens).toBe(IMAGE_TOKENS)
  // 20,000 times 32 by 32 pixels is more than an image may have.
  const refused = { code: 'invalid_request', param: 'inputs', message: expect.stringContaining('20000 by 1') }
  await expect(see(pngOf(20_000, 1, shade))).rejects.toMatchObject(refused)
})

it('an image of which nothing would be left is refused in words', async () => {
  await writeTinyImageClassifier(at('longest'), ['a', 'b'], { size: { longest_edge: 32 } })
  const { see } = await readEye(at('longest'))
  await expect(see(pngOf(1, 2000, () => 0))).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'inputs',
  })
})
