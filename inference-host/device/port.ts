import { HUB_TASKS, isMediaTask } from '../../shared/catalog.ts'

/** What a model can be made for, by the hub's names. */
export const MODEL_TASKS = [...HUB_TASKS, 'text-ranking', 'image-text-to-text'] as const
export type ModelTask = (typeof MODEL_TASKS)[number]

/** The task of models that answer chats in which there may be images. */
export const SEEING = 'image-text-to-text'

const WRITING: ReadonlySet<ModelTask> = new Set(['text-generation', SEEING, 'summarization', 'translation'])

/** Whether a task's models read whole texts at once and generate none: encoders. */
export function encodes(task: ModelTask): boolean {
  return !isMediaTask(task) && !WRITING.has(task)
}

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const
export type Device = (typeof DEVICES)[number]

/** The weight formats that transformers.js names and that this host loads. */
export const DTYPES = ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'] as const
export type Dtype = (typeof DTYPES)[number]

/** A model to put on a device. */
export type LoadRequest = {
  /** Absolute path of a verified folder laid out like a hub repository. */
  folder: string
  task: ModelTask
  device: Device
  dtype: Dtype
  /** The most tokens of prompt and output; undefined takes what the model's configuration says. */
  context: number | undefined
  /** Compute threads on the CPU. */
  threads: number
}
