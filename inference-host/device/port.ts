/** What a model was made for, by the hub's names. */
export type ModelTask =
  | 'text-generation'
  | 'feature-extraction'
  | 'text-classification'
  | 'text-ranking'
  | 'token-classification'
  | 'zero-shot-classification'
  | 'fill-mask'
  | 'question-answering'
  | 'summarization'
  | 'translation'

/** Whether a task's models read whole texts at once and generate none: encoders. */
export function encodes(task: ModelTask): boolean {
  return task !== 'text-generation' && task !== 'summarization' && task !== 'translation'
}

export type Device = 'cpu' | 'webgpu' | 'cuda'

/** A model to put on a device. */
export type LoadRequest = {
  /** Absolute path of a verified folder laid out like a hub repository. */
  folder: string
  task: ModelTask
  device: Device
  dtype: string
  /** The most tokens of prompt and output; undefined takes what the model's configuration says. */
  context: number | undefined
  /** Compute threads on the CPU. */
  threads: number
}
