import { type Device, DTYPES, type Dtype, type ModelTask, SEEING } from './port.ts'

/** What transformers.js 4 appends to a graph's name for each dtype (its src/utils/dtypes.js). */
export const SUFFIX = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const satisfies Record<Dtype, string>

/**
 * The order in which `auto` looks for files. Generating is bound by memory, so fewer bits come first; encoders are
 * bound by compute, where 4 bits only cost accuracy. WebGPU takes fp32 activations first, because not every
 * adapter computes in fp16; CUDA always does.
 */
const ORDER: Record<Device, { generating: readonly Dtype[]; encoding: readonly Dtype[] }> = {
  cpu: {
    generating: ['q4', 'q8', 'int8', 'uint8', 'fp32', 'bnb4', 'q4f16', 'fp16'],
    encoding: ['q8', 'int8', 'uint8', 'fp32', 'q4', 'fp16', 'bnb4', 'q4f16'],
  },
  webgpu: {
    generating: ['q4', 'q4f16', 'fp16', 'fp32', 'q8', 'int8', 'uint8', 'bnb4'],
    encoding: ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'],
  },
  cuda: {
    generating: ['q4f16', 'fp16', 'q4', 'fp32', 'q8', 'int8', 'uint8', 'bnb4'],
    encoding: ['fp16', 'fp32', 'q8', 'int8', 'uint8', 'q4f16', 'q4', 'bnb4'],
  },
}

const TWO_GRAPHS: ReadonlySet<ModelTask> = new Set([
  'summarization',
  'translation',
  'automatic-speech-recognition',
  'image-to-text',
])

/** The graphs that a task's models are exported to, without suffix (transformers.js, src/models/session_config.js). */
export function graphsOf(task: ModelTask): readonly string[] {
  if (task === SEEING) return ['embed_tokens', 'vision_encoder', 'decoder_model_merged']
  return TWO_GRAPHS.has(task) ? ['encoder_model', 'decoder_model_merged'] : ['model']
}

function missing(task: ModelTask, dtype: Dtype, files: ReadonlySet<string>): string[] {
  return graphsOf(task)
    .map((graph) => `${graph}${SUFFIX[dtype]}.onnx`)
    .filter((file) => !files.has(file))
}

/**
 * The format to load: `wanted`, or for `auto` the first of the device's order whose files are all among `files`
 * (names in the model's `onnx/` folder).
 * @throws Error that names the missing file.
 */
export function pickDtype(wanted: string, task: ModelTask, device: Device, files: Iterable<string>): Dtype {
  const there = new Set(files)
  if (wanted !== 'auto') {
    const dtype = DTYPES.find((known) => known === wanted)
    if (dtype === undefined) throw new Error(`no dtype is called ${wanted}`)
    const [file] = missing(task, dtype, there)
    if (file !== undefined) throw new Error(`onnx/${file} is missing, which dtype ${dtype} needs`)
    return dtype
  }
  const order =
    ORDER[device][task === 'text-generation' || graphsOf(task).length > 1 ? 'generating' : 'encoding']
  const found = order.find((dtype) => missing(task, dtype, there).length === 0)
  if (found === undefined)
    throw new Error(`onnx/ holds no ${graphsOf(task).join(' and ')} in any known dtype`)
  return found
}
