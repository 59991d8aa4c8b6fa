import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ServingForm } from '../decoding/serving-form/ensure.ts'
import { servingFormOf } from '../decoding/serving-form/of-model.ts'
import { RECIPE_VERSION } from '../decoding/serving-form/rewrite.ts'
import { pickDtype } from '../device/dtype.ts'
import type { Dtype } from '../device/port.ts'
import { ModelError } from '../weights/error.ts'
import { type LockedForm, lockedEntry, readLock, writeLock } from '../weights/lock.ts'
import { readManifest } from '../weights/manifest.ts'
import type { PulledModel } from './pull.ts'

type Options = {
  /** Compare with the lock, and leave it as it is. */
  frozen: boolean
  modelsDir: string
  threads: number
  /** The most that one model may take, in milliseconds. */
  timeoutMs: number
  signal: AbortSignal
  /** Takes a line for the person who waits. */
  write: (line: string) => void
}

/**
 * Gives the just pulled chat models of a manifest their serving form on the CPU, and locks it. So the host finds it
 * when it starts. A model without one is no failure: the host serves it one request at a time. The same files give the
 * same form on every machine, so the lock changes with a model's files or the recipe alone.
 * @throws ModelError `pull_interrupted` after `signal`; `serving_form_changed` where it is frozen and another one;
 * `manifest_invalid`, `lock_invalid`.
 */
export async function preparePulled(
  manifestFile: string,
  pulled: readonly PulledModel[],
  { frozen, write, signal, ...options }: Options,
): Promise<void> {
  const { models } = await readManifest(manifestFile)
  const lock = await readLock(manifestFile)
  for (const entry of models) {
    const { id, task, dtype, device } = entry
    const folder = pulled.find((model) => model.id === id)?.folder
    if (folder === undefined || task !== 'text-generation' || !['auto', 'cpu'].includes(device)) continue
    write(`${id}: preparing it for batching`)
    const began = performance.now()
    const files = await readdir(path.join(folder, 'onnx'))
    const { serving, ...locked } = lockedEntry(lock, entry, manifestFile)
    const picked = pickDtype(dtype, task, 'cpu', files)
    const form = await servingFormOf({
      ...options,
      id,
      folder,
      // What is pulled anew is locked anew.
      locked: frozen && serving ? { ...locked, serving } : locked,
      device: 'cpu',
      dtype: picked,
      signal,
    })
    if (signal.aborted) throw new ModelError('pull_interrupted', 'interrupted; run it again to go on')
    // A machine that cannot make it, or not in time, knows nothing better than the lock.
    const made = 'file' in form ? lockedForm(form, picked) : serving
    lock.models[id] = { ...locked, ...(made && { serving: made }) }
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    write(
      'unsupported' in form
        ? `${id}: is served one request at a time: ${form.unsupported}`
        : `${id}: prepared in ${seconds} s`,
    )
  }
  if (!frozen) await writeLock(manifestFile, lock)
}

function lockedForm({ sha256, bytes }: ServingForm, dtype: Dtype): LockedForm {
  return { dtype, recipe: RECIPE_VERSION, sha256, bytes }
}
