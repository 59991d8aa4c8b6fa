import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DynamicCache, WhisperForConditionalGeneration } from '@huggingface/transformers'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { loadMedia } from '../../../../inference-host/media/load.ts'
import type { LoadedMedia } from '../../../../inference-host/media/port.ts'
import type { Counts, PerformOptions } from '../../../../inference-host/work/engine.ts'
import {
  IMAGE_TOKENS,
  writeTinyCaptioner,
  writeTinyImageClassifier,
  writeTinySpeech,
} from '../../../fixtures/graphs/tiny-media.ts'
import { pngOf } from '../../../fixtures/images.ts'
import { tone, wavOf } from '../../../fixtures/recordings.ts'

const TASKS = { 'image-classification': 'classify_image', 'image-to-text': 'caption' } as const
type Task = keyof typeof TASKS
const models = new Map<Task, LoadedMedia>()
type Reported = Parameters<PerformOptions['report']>[0]
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'load-media-'))
  await writeTinyImageClassifier(path.join(folder, 'image-classification'), ['a', 'b'])
  await writeTinyCaptioner(path.join(folder, 'image-to-text'))
  for (const task of ['image-classification', 'image-to-text'] as const) {
    const rest = { device: 'cpu', dtype: 'fp32', context: undefined, threads: 1 } as const
    models.set(task, await loadMedia(task, { folder: path.join(folder, task), task, ...rest }))
  }
})
afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))

/** What is counted of an image whose client has left by the time that it is decoded, and whether the model began. */
async function left(task: Task, file: Uint8Array) {
  const counts: Counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
  const told: string[] = []
  const work = { kind: TASKS[task], file, limits: { promptTokens: 99, outputTokens: 9 } }
  const options = {
    counts,
    stopped: () => true,
    report: ({ type }: Reported) => void told.push(type),
    newSeed: () => 1,
  }
  const output = await models.get(task)?.perform(work, options)
  return { output, told, ...counts }
}

it.each(['image-classification', 'image-to-text'] as const)(
  '%s: an image that was decoded counts, also where its client has left, and no more is done',
  async (task) => {
    const done = await left(
      task,
      pngOf(20, 20, (x) => x),
    )
    expect(done).toMatchObject({
      output: undefined,
      told: [],
      promptTokens: IMAGE_TOKENS,
      outputTokens: 0,
    })
    expect(done.readMs).toBeGreaterThan(0)
  },
)

it.each([false, true])(
  'a transcription whose client leaves ends at its next token, in the middle of a window: timestamps %s',
  async (timestamps) => {
    const source = path.join(folder, `speech-${timestamps}`)
    await writeTinySpeech(source)
    const task = 'automatic-speech-recognition'
    const { perform } = await loadMedia(task, {
      ...{ folder: source, task, device: 'cpu', dtype: 'fp32', context: undefined, threads: 1 },
    })
    const counts: Counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
    const dispose = vi.spyOn(DynamicCache.prototype, 'dispose')
    const forward = vi.spyOn(WhisperForConditionalGeneration.prototype, 'forward')
    const output = await perform(
      {
        ...{ kind: 'transcribe', file: wavOf({ samples: tone(200, 40) }), timestamps },
        ...{ language: 'de', prompt: undefined, limits: { promptTokens: 40, outputTokens: 99 } },
      },
      { counts, stopped: () => counts.outputTokens === 3, report: () => {}, newSeed: () => 1 },
    )
    expect([output, counts.promptTokens, counts.outputTokens]).toEqual([undefined, 40, 3])
    expect(forward).toHaveBeenCalledTimes(4)
    // On WebGPU its keys and values are buffers of the device, which nobody else gives back.
    expect(dispose).toHaveBeenCalledTimes(1)
    vi.restoreAllMocks()
  },
)
