import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { ServingDescription } from '../decoding/serving-form/rewrite.ts'
import { STRUCTURE_BYTES } from '../decoding/structure/matchers.ts'
import { type Device, type ModelTask, SEEING } from '../device/port.ts'
import { type Bytes, NONE, sum } from './bytes.ts'

/** A process with Node, transformers.js, onnxruntime and a small tokenizer, without a model. */
const PROCESS_BYTES = 190 * 2 ** 20
/**
 * Resident bytes for each byte of a model's files, beside that. Measured with onnxruntime-node 1.30 on Linux x64:
 * 2.3 when loaded and 3.6 after a prompt of 300 tokens for SmolLM2-135M in q4 (114 MB), 7.9 for all-MiniLM-L6-v2 in
 * q8 (23 MB, whose table of embeddings is kept as float32). It only has to hold until the model has been loaded once.
 */
const HOST_FACTOR = 4
/** Weights are as large as their file on a card; working memory comes on top. Not measured: there was no card. */
const DEVICE_FACTOR = 1.5

/** The bytes of the files of a model that loading it reads. */
export async function fileBytes(folder: string, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size))
  return sizes.reduce((total, size) => total + size, 0)
}

/** What a model that writes may come to hold for the structures of its answers. */
export function structureBytes(task: ModelTask): Bytes {
  return { ...NONE, host: task === 'text-generation' || task === SEEING ? STRUCTURE_BYTES : 0 }
}

/**
 * The memory that a model with its caches is expected to take, judged by the bytes of its files before its first load.
 */
export function estimate(bytes: number, device: Device, caches: Bytes): Bytes {
  const weights = device === 'cpu' ? 0 : DEVICE_FACTOR * bytes
  return sum([{ host: PROCESS_BYTES + HOST_FACTOR * bytes, device: weights }, caches])
}

/** Where a decoder keeps its caches: on its device if it writes them in place, else in memory, on any device. */
export function cachesIn({ newLayout }: Pick<ServingDescription, 'newLayout'>): keyof Bytes {
  return newLayout === 'in-place' ? 'device' : 'host'
}
