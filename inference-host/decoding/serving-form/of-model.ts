import path from 'node:path'
import { SUFFIX } from '../../device/dtype.ts'
import type { Device, Dtype } from '../../device/port.ts'
import { ModelError } from '../../weights/error.ts'
import type { LockedModel } from '../../weights/lock.ts'
import { ensureServingForm, type ServingForm } from './ensure.ts'
import { RECIPE_VERSION } from './rewrite.ts'

type Place = {
  id: string
  /** The model's folder with its files just verified, and the model's entry in the lock. */
  folder: string
  locked: Pick<LockedModel, 'files' | 'serving'>
  dtype: Dtype
  device: Device
  modelsDir: string
  threads: number
  timeoutMs: number
  /** See PrepareRequest. */
  measure?: boolean
  /** Ends the preparing. */
  signal?: AbortSignal
}

/**
 * The serving form of a model of the manifest, kept under `modelsDir`; otherwise as `ensureServingForm`. A form that
 * differs from the locked one is made anew. A lock of another dtype, another device or an older recipe does not count.
 * @throws ModelError `serving_form_changed` where the new one differs from the locked one too.
 */
export async function servingFormOf({
  id,
  dtype,
  modelsDir,
  locked,
  ...how
}: Place): Promise<ServingForm | { unsupported: string }> {
  const options = {
    ...how,
    graph: `model${SUFFIX[dtype]}`,
    home: path.join(modelsDir, 'serving', encodeURIComponent(id), dtype),
    known: locked.files,
  }
  const { serving } = locked
  const isLocked = how.device === 'cpu' && serving?.dtype === dtype && serving.recipe === RECIPE_VERSION
  const differs = (form: Awaited<ReturnType<typeof ensureServingForm>>) =>
    isLocked && 'file' in form && form.sha256 !== serving.sha256

  const found = await ensureServingForm(options)
  if (!differs(found)) return found
  const anew = await ensureServingForm({ ...options, measure: true })
  if (!differs(anew)) return anew
  throw new ModelError(
    'serving_form_changed',
    `${id}: its serving form is not what was locked; where the lock was not tampered with, run npm run models:pull`,
  )
}
