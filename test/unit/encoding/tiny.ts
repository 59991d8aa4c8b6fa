import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Loaded, loadModel } from '../../../inference-host/device/load.ts'
import type { LoadRequest, ModelTask } from '../../../inference-host/device/port.ts'
import { type LoadedEncoder, loadEncoder } from '../../../inference-host/encoding/load.ts'
import type { EncodeWork } from '../../../inference-host/work/encode.ts'
import { writeTinyEncoder } from '../../graphs/tiny-encoder.ts'

/** A tiny encoder as the host loads it, and as transformers.js does. */
export type TinyModel = { encoder: LoadedEncoder; plain: Loaded; folder: string; remove(): Promise<void> }

export async function tinyModel(
  task: ModelTask,
  options: Parameters<typeof writeTinyEncoder>[2] = {},
): Promise<TinyModel> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tiny-encoder-'))
  await writeTinyEncoder(folder, task, options)
  const request: LoadRequest = { folder, task, device: 'cpu', dtype: 'fp32', context: undefined, threads: 1 }
  const [encoder, plain] = [await loadEncoder(request), await loadModel(request)]
  return { encoder, plain, folder, remove: () => rm(folder, { recursive: true }) }
}

/** What a job came to: its items parsed, and its counts. */
export async function ask<Item>(
  { encoder }: Pick<TinyModel, 'encoder'>,
  job: EncodeWork,
  { promptTokens = 100_000, stopped = () => false }: { promptTokens?: number; stopped?: () => boolean } = {},
) {
  const counts = { promptTokens: 0, outputTokens: 0, computeMs: 0 }
  const limits = { promptTokens, outputTokens: 0 }
  const report = () => {}
  const output = await encoder.perform({ ...job, limits }, { counts, stopped, report, newSeed: () => 1 })
  if (output !== undefined && output.kind !== 'items') throw new Error(`an encoder gave ${output.kind}`)
  return { items: output?.json.map((json) => JSON.parse(json) as Item), counts }
}
