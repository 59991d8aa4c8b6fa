import path from 'node:path'
import { type Dtype, SUFFIX } from '../device/dtype.ts'
import type { Device } from '../device/port.ts'
import { ensureServingForm, type ServingForm } from './ensure.ts'

type Place = {
  id: string
  /** The model's verified folder. */
  folder: string
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

/** The serving form of a model of the manifest, kept under `modelsDir`; otherwise as `ensureServingForm`. */
export function servingFormOf({
  id,
  folder,
  dtype,
  device,
  modelsDir,
  threads,
  timeoutMs,
  measure = false,
  signal,
}: Place): Promise<ServingForm | { unsupported: string }> {
  return ensureServingForm({
    folder,
    graph: `model${SUFFIX[dtype]}`,
    home: path.join(modelsDir, 'serving', encodeURIComponent(id), dtype),
    device,
    threads,
    timeoutMs,
    measure,
    signal,
  })
}
