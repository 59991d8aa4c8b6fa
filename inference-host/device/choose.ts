import { type Dtype, pickDtype } from './dtype.ts'
import type { Device, LoadRequest } from './port.ts'
import type { TryDevice } from './try.ts'

type Choice = { device: Device; dtype: Dtype; why: string }

type Options = {
  preference: Device | 'auto'
  /** Names in the model's `onnx/` folder. */
  files: readonly string[]
  request: Omit<LoadRequest, 'device'>
  tryDevice: TryDevice
}

/** How many times slower than the CPU WebGPU may be and still be chosen. */
const MOST_SLOWER = 2

/**
 * Chooses the device of one model and the format of its weights. `auto` tries cuda, then webgpu, then the CPU, by
 * loading and running this very model; a WebGPU that is far slower than the CPU is passed over, because a machine
 * without a GPU may still have a Vulkan driver that computes in software (SwiftShader: 100 times slower).
 * A named device is taken as it is: what the operator asked for fails loudly rather than runs elsewhere.
 * @throws Error where no file fits.
 */
export async function chooseDevice({ preference, files, request, tryDevice }: Options): Promise<Choice> {
  const dtypeOn = (device: Device) => pickDtype(request.dtype, request.task, device, files)
  const attempt = (device: Device) => tryDevice({ ...request, device, dtype: dtypeOn(device) })
  if (preference !== 'auto') return { device: preference, dtype: dtypeOn(preference), why: 'configured' }

  const cuda = await attempt('cuda')
  if (cuda.runs) return { device: 'cuda', dtype: dtypeOn('cuda'), why: `cuda runs it, ${round(cuda.ms)}` }
  const noCuda = `cuda: ${cuda.reason}`

  const webgpu = await attempt('webgpu')
  const cpu = { device: 'cpu', dtype: dtypeOn('cpu') } as const
  if (!webgpu.runs) return { ...cpu, why: `${noCuda}; webgpu: ${webgpu.reason}` }
  const other = await attempt('cpu')
  const took = `webgpu runs it, ${round(webgpu.ms)}, cpu ${other.runs ? round(other.ms) : `not: ${other.reason}`}`
  if (other.runs && webgpu.ms > MOST_SLOWER * other.ms) return { ...cpu, why: `${noCuda}; ${took}` }
  return { device: 'webgpu', dtype: dtypeOn('webgpu'), why: `${noCuda}; ${took}` }
}

const round = (ms: number) => `${Math.round(ms)} ms`
