import { isMediaTask } from '../../shared/catalog.ts'
import { pickDtype } from './dtype.ts'
import { type Device, type Dtype, encodes, type LoadRequest } from './port.ts'
import type { TryDevice } from './try.ts'

type Choice = { device: Device; dtype: Dtype; why: string }

type Options = {
  preference: Device | 'auto'
  /** Names in the model's `onnx/` folder. */
  files: readonly string[]
  request: Omit<LoadRequest, 'device' | 'dtype'> & { dtype: Dtype | 'auto' }
  /** Bytes of the files that the model is loaded from there. */
  bytes: (device: Device, dtype: Dtype) => Promise<number>
  tryDevice: TryDevice
}

/** How many times slower than the CPU WebGPU may be and still be chosen. */
const MOST_SLOWER = 2
/**
 * Smaller models stay on the CPU. Launching an operator on a GPU takes as long as computing it on two cores, and the
 * GPU's memory is for models that need it. SmolLM2-135M in q4 has 114 MB.
 */
const LIGHT_BYTES = 64 * 2 ** 20

/**
 * Chooses the device of one model and the format of its weights. `auto` leaves light work on the CPU: encoders, models
 * of sounds and images, and those below 64 MiB. For the others it tries cuda, then webgpu, then the CPU, by loading and running this very model.
 * A WebGPU that is far slower than the CPU is passed over: a machine without a GPU may still have a Vulkan driver that
 * computes in software (SwiftShader: 100 times slower). A named device is taken as it is. If it does not work there, it
 * fails loudly rather than runs elsewhere.
 * @throws Error where no file fits.
 */
export async function chooseDevice({
  preference,
  files,
  request,
  bytes,
  tryDevice,
}: Options): Promise<Choice> {
  const dtypeOn = (device: Device) => pickDtype(request.dtype, request.task, device, files)
  const attempt = (device: Device) => tryDevice({ ...request, device, dtype: dtypeOn(device) })
  const onCpu = () => ({ device: 'cpu', dtype: dtypeOn('cpu') }) as const
  if (preference !== 'auto') return { device: preference, dtype: dtypeOn(preference), why: 'configured' }
  if (encodes(request.task) || isMediaTask(request.task))
    return { ...onCpu(), why: `${request.task} is light work` }
  const size = await bytes('cpu', dtypeOn('cpu'))
  if (size < LIGHT_BYTES) return { ...onCpu(), why: `${Math.ceil(size / 2 ** 20)} MiB are a light model` }

  const cuda = await attempt('cuda')
  if (cuda.runs) return { device: 'cuda', dtype: dtypeOn('cuda'), why: `cuda runs it, ${round(cuda.ms)}` }
  const noCuda = `cuda: ${cuda.reason}`

  const webgpu = await attempt('webgpu')
  if (!webgpu.runs) return { ...onCpu(), why: `${noCuda}; webgpu: ${webgpu.reason}` }
  const other = await attempt('cpu')
  const took = `webgpu runs it, ${round(webgpu.ms)}, cpu ${other.runs ? round(other.ms) : `not: ${other.reason}`}`
  if (other.runs && webgpu.ms > MOST_SLOWER * other.ms) return { ...onCpu(), why: `${noCuda}; ${took}` }
  return { device: 'webgpu', dtype: dtypeOn('webgpu'), why: `${noCuda}; ${took}` }
}

const round = (ms: number) => `${Math.round(ms)} ms`
