import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pickDtype } from '../device/dtype.ts'
import { servingFormOf } from '../serving-form/of-model.ts'
import { ModelError } from './error.ts'
import { readManifest } from './manifest.ts'
import type { PulledModel } from './pull.ts'

type Options = {
  modelsDir: string
  threads: number
  /** The most that one model may take, in milliseconds. */
  timeoutMs: number
  signal: AbortSignal
  /** Takes a line for the person who waits. */
  write: (line: string) => void
}

/**
 * Gives the chat models of a manifest, which were just pulled, their serving form on the CPU, so that the host finds it
 * when it starts. One without is no failure: the host serves it one request at a time.
 * @throws ModelError `pull_interrupted` after `signal`; `manifest_invalid`.
 */
export async function preparePulled(
  manifestFile: string,
  pulled: readonly PulledModel[],
  { write, signal, ...options }: Options,
): Promise<void> {
  const { models } = await readManifest(manifestFile)
  for (const { id, task, dtype, device } of models) {
    const folder = pulled.find((model) => model.id === id)?.folder
    if (folder === undefined || task !== 'text-generation' || !['auto', 'cpu'].includes(device)) continue
    write(`${id}: preparing it for batching`)
    const began = performance.now()
    const files = await readdir(path.join(folder, 'onnx'))
    const form = await servingFormOf({
      ...options,
      id,
      folder,
      device: 'cpu',
      dtype: pickDtype(dtype, task, 'cpu', files),
      signal,
    })
    if (signal.aborted) throw new ModelError('pull_interrupted', 'interrupted; run it again to go on')
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    write(
      'unsupported' in form
        ? `${id}: is served one request at a time: ${form.unsupported}`
        : `${id}: prepared in ${seconds} s`,
    )
  }
}
