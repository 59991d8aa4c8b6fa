import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { askChild } from '../child-process.ts'
import type { Device } from '../device/port.ts'
import { digestFile } from '../models/digest.ts'
import type { PrepareRequest } from './prepare.ts'
import type { PrepareAnswer } from './prepare-process.ts'
import type { ServingDescription } from './rewrite.ts'

const PREPARE = new URL('prepare-process.ts', import.meta.url)

/** A decoder that can be batched: its file, what it looks like, and how far a batch is from one alone, in logits. */
export type ServingForm = {
  file: string
  description: ServingDescription
  /** Undefined where it was measured when the file was made, not now. */
  batchDifference: number | undefined
}

type Options = {
  /** The model's verified folder, and the name of its graph there, without `.onnx`. */
  folder: string
  graph: string
  /** Where the serving form goes; nothing is written to the model's own folder, which may be read-only. */
  home: string
  /** What it is for, and verified on. */
  device: Device
  threads: number
  timeoutMs: number
  /** See PrepareRequest. */
  measure?: boolean
  /** Ends the preparing. */
  signal?: AbortSignal | undefined
}

/**
 * The serving form of a decoder: made and verified, or as it was made before. Never throws for what is wrong with the
 * model: without a serving form it is still served, one request at a time.
 */
export async function ensureServingForm(options: Options): Promise<ServingForm | { unsupported: string }> {
  const { folder, graph, home, device, threads, timeoutMs, measure = false, signal } = options
  try {
    await mkdir(home, { recursive: true })
    await bringOriginal(path.join(folder, 'onnx'), graph, home)
  } catch (error) {
    return {
      unsupported: `its files cannot be brought to ${home} (${(error as NodeJS.ErrnoException).code})`,
    }
  }
  const outFile = path.join(home, `${graph}.${device === 'cpu' ? '' : `${device}.`}serving.onnx`)
  const modelFile = path.join(home, `${graph}.onnx`)
  const request: PrepareRequest = { modelFile, outFile, device, threads, measure }
  const asked = await askChild<PrepareAnswer>(PREPARE, request, timeoutMs, signal)
  if ('failure' in asked) return { unsupported: `preparing it: ${asked.failure}` }
  const { answer } = asked
  if ('unsupported' in answer) return answer
  return {
    file: outFile,
    description: answer.description,
    batchDifference: answer.verified?.measured.batch,
  }
}

/**
 * The graph and its external weights beside the serving form, which points into them: as hard links, which cost
 * nothing, or as copies where the file systems differ. What is there and is not what was just verified is replaced;
 * where it is, nothing is written, so that an image made with its serving forms may be read-only.
 */
async function bringOriginal(from: string, graph: string, home: string): Promise<void> {
  const names = (await readdir(from)).filter(
    (name) => name === `${graph}.onnx` || name.startsWith(`${graph}.onnx_data`),
  )
  for (const name of names) {
    const there = path.join(home, name)
    if (await sameFile(path.join(from, name), there)) continue
    await rm(there, { force: true })
    await link(path.join(from, name), there).catch(() => copyFile(path.join(from, name), there))
  }
}

/** Whether two paths are links to one file, or files of the same bytes. */
async function sameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other).catch(() => undefined)])
  if (b === undefined || a.size !== b.size) return false
  if (a.dev === b.dev && a.ino === b.ino) return true
  const [first, second] = await Promise.all([digestFile(one), digestFile(other)])
  return first.sha256 === second.sha256
}
