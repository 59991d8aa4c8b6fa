import type { Device } from '../../inference-host/device/port.ts'
import { createTryDevice } from '../../inference-host/device/try.ts'
import { FORMS, type Form } from './forms.ts'

const TRY_MS = 60_000

/** A device, and which forms of the model run there. The others say why not. */
export type Tried = { device: Device; runs: Form[]; not: Partial<Record<Form, string>> }

/** Tries each form on a device, in processes of their own, as a host does when it starts. */
export async function tryForms(device: Device, folder: string): Promise<Tried> {
  const tryDevice = createTryDevice(TRY_MS)
  const tried: Tried = { device, runs: [], not: {} }
  for (const dtype of FORMS) {
    const request = {
      folder,
      task: 'text-generation',
      device,
      dtype,
      context: undefined,
      threads: 1,
    } as const
    const answer = await tryDevice(request)
    if (answer.runs) tried.runs.push(dtype)
    else tried.not[dtype] = answer.reason
  }
  return tried
}

/** Why nothing can be measured, in one line; undefined where something can. */
export function whyNone(all: readonly Tried[]): string | undefined {
  if (all.some(({ runs }) => runs.length > 0)) return undefined
  const reasons = all.map(({ device, not }) => `${device}: ${Object.values(not)[0]?.split('\n')[0]}`)
  return `There is no GPU to measure (${reasons.join('; ')}). docs/gpu.md says what each needs; --device cpu tries the script itself.`
}
