import { randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Device } from '../../device/port.ts'
import { askChild } from '../../platform/child-process.ts'
import { errorCode } from '../../platform/error-code.ts'
import { declaredContext } from '../../weights/context.ts'
import { digestFile } from '../../weights/digest.ts'
import type { PrepareRequest } from './prepare.ts'
import type { PrepareAnswer } from './prepare-process.ts'
import type { ServingDescription } from './rewrite.ts'
import type { Verified } from './verify.ts'

const PREPARE = new URL('prepare-process.ts', import.meta.url)

/**
 * A decoder that can be batched: its file, its shape, and how far its logits are from the export's own.
 */
export type ServingForm = {
  file: string
  /** Of the file, in hex. */
  sha256: string
  bytes: number
  description: ServingDescription
  /**
   * Undefined where it was measured when the file was made, not now. `alone` is of a sequence by itself: zero where its
   * answers are those of the export.
   */
  difference: { alone: number; batch: number } | undefined
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
  /** SHA-256 of the folder's files, by their paths in it, where they have just been computed. */
  known?: Readonly<Record<string, { sha256: string }>>
  /** Ends the preparing. */
  signal?: AbortSignal | undefined
}

/**
 * The serving form of a decoder: made and verified now, or made before. A fault of the model does not throw: without a
 * serving form the model is still served, one request at a time.
 */
export async function ensureServingForm(options: Options): Promise<ServingForm | { unsupported: string }> {
  const { folder, graph, home, device, threads, timeoutMs, measure = false, signal } = options
  const known: Record<string, string> = {}
  try {
    await mkdir(home, { recursive: true })
    for (const name of await bringOriginal(path.join(folder, 'onnx'), graph, home)) {
      const digest = options.known?.[`onnx/${name}`]
      if (digest !== undefined) known[name] = digest.sha256
    }
  } catch (error) {
    return {
      unsupported: `its files cannot be brought to ${home} (${errorCode(error)})`,
    }
  }
  const outFile = path.join(home, `${graph}.${device === 'cpu' ? '' : `${device}.`}serving.onnx`)
  const modelFile = path.join(home, `${graph}.onnx`)
  const context = await declaredContext(folder)
  const request: PrepareRequest = { modelFile, outFile, device, threads, measure, known, context }
  const asked = await askChild<PrepareAnswer>(PREPARE, request, timeoutMs, signal)
  if ('failure' in asked) return { unsupported: `preparing it: ${asked.failure}` }
  const { answer } = asked
  if ('unsupported' in answer) return answer
  return {
    file: outFile,
    sha256: answer.sha256,
    bytes: answer.bytes,
    description: answer.description,
    difference: answer.verified && differenceOf(answer.verified),
  }
}

/** How far answers are from the export's own, as they are served. */
function differenceOf({ measured, padsRows }: Verified): ServingForm['difference'] {
  const { alone, batch, even } = measured
  return { alone, batch: padsRows ? even : Math.max(batch, even) }
}

/**
 * Puts the graph and its external weights beside the serving form, which points into them. They are hard links, which
 * cost nothing, or copies where the file systems differ. A file there that differs from the one just verified is
 * replaced. Where none differs nothing is written, so an image made with its serving forms may be read-only.
 * @returns the names of the files that are the same file as in `from`.
 */
async function bringOriginal(from: string, graph: string, home: string): Promise<string[]> {
  const names = (await readdir(from)).filter(
    (name) => name === `${graph}.onnx` || name.startsWith(`${graph}.onnx_data`),
  )
  const linked: string[] = []
  for (const name of names) {
    const [original, there] = [path.join(from, name), path.join(home, name)]
    if (!(await sameBytes(original, there))) await replace(there, original)
    if (await sameFile(original, there)) linked.push(name)
  }
  return linked
}

/** In one step: another host that begins in the same folder may be reading what is there. */
async function replace(there: string, original: string): Promise<void> {
  const draft = `${there}.${randomUUID()}.draft`
  try {
    await link(original, draft).catch(() => copyFile(original, draft))
    await rename(draft, there)
  } finally {
    // A rename of one link over another of the same file leaves both (POSIX).
    await rm(draft, { force: true })
  }
}

async function sameBytes(one: string, other: string): Promise<boolean> {
  if (await sameFile(one, other)) return true
  const [a, b] = await Promise.all([digestFile(one), digestFile(other).catch(() => undefined)])
  return a.sha256 === b?.sha256
}

/** Whether two paths are links to one file. */
async function sameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other).catch(() => undefined)])
  return a.dev === b?.dev && a.ino === b.ino
}
