import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { env, pipeline, RawImage } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MediaTask } from '../../shared/catalog.ts'
import { framed } from '../../shared/framed.ts'
import type { HostMediaRequest } from '../../shared/media.ts'
import type { ServiceClaims } from '../../shared/service-token.ts'
import { IMAGE_TOKENS, writeTinyCaptioner, writeTinyImageClassifier } from '../fixtures/graphs/tiny-media.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { pngOf } from '../fixtures/images.ts'

const LABELS = ['cat', 'dog', 'sun', 'sea', 'fox', 'owl']
const PICTURE = pngOf(40, 30, (x, y, channel) => (7 * x + 3 * y + 60 * channel) % 256)
const OTHER = pngOf(64, 64, (x, y) => (x * y) % 256)
let folder: string
let serving: Serving

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'images-'))
  await writeTinyImageClassifier(path.join(folder, 'classifier'), LABELS)
  await writeTinyCaptioner(path.join(folder, 'captioner'))
  serving = await serve([
    { id: 'classifier', source: path.join(folder, 'classifier'), task: 'image-classification' },
    { id: 'captioner', source: path.join(folder, 'captioner'), task: 'image-to-text' },
  ])
  env.allowRemoteModels = false
})
afterAll(async () => {
  await serving?.stop()
  await rm(folder, { recursive: true, maxRetries: 10 })
})

const MODELS = { 'image-classification': 'classifier', 'image-to-text': 'captioner' }
type Task = Exclude<MediaTask, 'automatic-speech-recognition'>

async function ask(
  task: Task,
  file: Uint8Array,
  parameters: HostMediaRequest['parameters'] = {},
  claims: Partial<ServiceClaims> = {},
) {
  const max_tokens = task === 'image-to-text' ? 12 : 0
  const body = framed({ model: MODELS[task], max_tokens, parameters } satisfies HostMediaRequest, file)
  const response = await serving.send(`POST /v1/tasks/${task}`, body, {
    claims: { scope: `tasks:${task}`, ...claims },
  })
  const usage = JSON.parse(response.headers.get('x-usage') ?? '{}')
  return { status: response.status, answer: await response.json(), usage }
}

describe('image-classification', () => {
  test('is that of transformers.js itself', async () => {
    const reference = await pipeline('image-classification', path.join(folder, 'classifier'), {
      dtype: 'fp32',
    })
    for (const file of [PICTURE, OTHER]) {
      const { answer, usage } = await ask('image-classification', file)
      const expected = (await reference(await RawImage.fromBlob(new Blob([file])))) as {
        label: string
        score: number
      }[]
      expect(answer.map(({ label }: { label: string }) => label)).toEqual(expected.map(({ label }) => label))
      for (const [i, { score }] of expected.entries()) expect(answer[i].score).toBeCloseTo(score, 6)
      expect(answer).toHaveLength(5)
      expect(usage).toMatchObject({ prompt_tokens: IMAGE_TOKENS, completion_tokens: 0 })
    }
    await reference.dispose()
  })

  test('with as many labels as are asked for, and other scores', async () => {
    const { answer } = await ask('image-classification', PICTURE, { top_k: 2, function_to_apply: 'sigmoid' })
    expect(answer).toHaveLength(2)
    expect(answer[0].score).not.toBeCloseTo((await ask('image-classification', PICTURE)).answer[0].score, 3)
  })
})

describe('image-to-text', () => {
  test('is that of transformers.js itself', async () => {
    const reference = await pipeline('image-to-text', path.join(folder, 'captioner'), { dtype: 'fp32' })
    const texts = new Set<string>()
    for (const file of [PICTURE, OTHER]) {
      const { answer, usage } = await ask('image-to-text', file)
      const [expected] = (await reference(await RawImage.fromBlob(new Blob([file])), {
        max_new_tokens: 12,
      })) as { generated_text: string }[]
      expect(answer).toEqual(expected)
      expect(usage.prompt_tokens).toBe(IMAGE_TOKENS)
      texts.add(answer.generated_text)
    }
    expect(texts.size).toBe(2)
    await reference.dispose()
  })
})

describe('refused before any compute', () => {
  const half = PICTURE.slice(0, PICTURE.length / 2)
  const reserved = { prompt_tokens: IMAGE_TOKENS - 1, output_tokens: 12 }
  test.each<[string, Uint8Array, Partial<ServiceClaims>, string]>([
    ['a bomb: 65,535 by 65,535 pixels in 90 bytes', pngOf(65_535, 65_535), {}, 'invalid_request'],
    ['one that says it is larger than it is', pngOf(4000, 4000), {}, 'invalid_request'],
    ['half of one', half, {}, 'invalid_request'],
    [
      'a drawing in XML',
      new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      {},
      'invalid_request',
    ],
    ['more tokens than are reserved', PICTURE, { reserved }, 'prompt_exceeds_reservation'],
  ])('%s', async (_, file, claims, code) => {
    for (const task of ['image-classification', 'image-to-text'] as const) {
      const { answer, usage } = await ask(task, file, {}, claims)
      expect([answer.error?.code, usage.total_tokens ?? 0]).toEqual([code, 0])
    }
  })
})
