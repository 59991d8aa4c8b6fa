/** What a model was made for, by the hub's names. */
export type ModelTask =
  | 'text-generation'
  | 'feature-extraction'
  | 'text-classification'
  | 'summarization'
  | 'translation'

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
