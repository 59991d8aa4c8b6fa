import { createHash, randomUUID } from 'node:crypto'
import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { env } from 'onnxruntime-node'
import type { Device } from '../../device/port.ts'
import { decodeOnnx, encodeOnnx, externalFiles, pointAtWeights } from '../../onnx/file.ts'
import { Unsupported } from '../../onnx/unsupported.ts'
import { digestFile } from '../../weights/digest.ts'
import { attentionBlocks } from './attention-blocks.ts'
import { type FileDigest, readServingRecord, recordFileOf, type ServingRecord } from './record.ts'
import { RECIPE_VERSION, type ServingDescription, toServingForm } from './rewrite.ts'
import { type Verified, verifyServingForm } from './verify.ts'
import { wideColumns } from './wide-cache.ts'

export type PrepareRequest = {
  /** A decoder export of a hub, with its weights inside or in files beside it. */
  modelFile: string
  /** Where the serving form goes: the same folder, because it takes its weights from the original. */
  outFile: string
  /** ONNX Runtime's threads within an operator, for verifying; 1 by default. */
  threads?: number
  /** The device that it is for, and verified on; `cpu` by default. */
  device?: Device
  /** Tokens that the model can hold, where its files say so. */
  context?: number | undefined
  /** Verify it on this machine even where it is there already. */
  measure?: boolean
  /**
   * SHA-256, by name, of files beside `modelFile`. The caller has just computed them, so the files are not read again.
   */
  known?: Readonly<Record<string, string>>
}

/** A serving form that may be used, of exactly these bytes, with the original that it was made from. */
export type Prepared = {
  description: ServingDescription
  sha256: string
  /** Of the serving form alone: the graph, a few hundred kilobytes. */
  bytes: number
  /** What was measured. Undefined where the file was there already, made by this recipe from this original. */
  verified: Verified | undefined
}

/**
 * Gives a decoder export its serving form: rewrites the graph, compares it with the original, and only then puts it at
 * `outFile`, with its record beside it. The same original always gives the same bytes. An existing form is kept where
 * the recipe, ONNX Runtime, the original and its own bytes match the record. On a GPU it is made and compared each
 * time, because kernels there also depend on the card's model and its driver.
 *
 * Computes on the calling thread for seconds: call it in a child process.
 * @returns Why, in words, where the export has no serving form; then there is no file at `outFile` either.
 * @throws RangeError where `outFile` lies in another folder or is the original, and errors of the file system.
 */
export async function prepareServingForm(
  request: PrepareRequest,
): Promise<Prepared | { unsupported: string }> {
  const modelFile = path.resolve(request.modelFile)
  const outFile = path.resolve(request.outFile)
  if (path.dirname(modelFile) !== path.dirname(outFile) || modelFile === outFile)
    throw new RangeError('a serving form lies in the folder of its original, under another name')

  const { device = 'cpu', measure = false } = request
  const kept = device === 'cpu' && !measure ? await freshForm({ ...request, modelFile, outFile }) : undefined
  const blocksOf = ({ family, kvType, headDim }: ServingDescription) =>
    device === 'cpu' && family === 'gqa' && kvType === 'float32'
      ? attentionBlocks(headDim, request.threads ?? 1)
      : {}
  if (kept !== undefined) {
    const description = { ...kept.description, ...(await blocksOf(kept.description)) }
    return { ...kept, description, verified: undefined }
  }
  // The name starts with a dot, so nothing takes it for a file of the model while it is made. Hosts in two containers may
  // share the folder, and their processes the number.
  const draftFile = path.join(path.dirname(outFile), `.${path.basename(outFile)}.${randomUUID()}.draft`)
  try {
    const { record, bytes } = await rewrite(modelFile, device)
    await writeFile(draftFile, bytes)
    const { description } = record
    const verified = await verifyServingForm({
      ...request,
      modelFile,
      servingFile: draftFile,
      description,
      threads: request.threads ?? 1,
      device,
    })
    if ('unsupported' in verified) throw new Unsupported(verified.unsupported)
    if (verified.mostColumns !== undefined) description.mostColumns = verified.mostColumns
    if (verified.padsRows) description.padsRows = true
    if (description.family !== 'gqa') record.columns = wideColumns(description, request.context)
    // The record last: without it, or with an older one, the form is made anew.
    await rename(draftFile, outFile)
    await writeFile(draftFile, `${JSON.stringify(record, null, 2)}\n`)
    await rename(draftFile, recordFileOf(outFile))
    return { description: { ...description, ...(await blocksOf(description)) }, ...record.file, verified }
  } catch (cause) {
    if (!(cause instanceof Unsupported)) throw cause
    await rm(outFile, { force: true })
    await rm(recordFileOf(outFile), { force: true })
    return { unsupported: cause.message }
  } finally {
    await rm(draftFile, { force: true })
  }
}

async function rewrite(
  modelFile: string,
  device: Device,
): Promise<{ record: ServingRecord; bytes: Uint8Array }> {
  // As in a hub's cache of links. ONNX Runtime takes weights from the model's own folder only.
  if (path.dirname(await realpath(modelFile)) !== (await realpath(path.dirname(modelFile))))
    throw new Unsupported('its file is a link to another folder')
  const source = { bytes: await readFile(modelFile), name: path.basename(modelFile) }
  const model = decodeOnnx(source.bytes)
  const weights = externalFiles(model)
  // Only WebGPU's buffers can be held between calls by onnxruntime-node; CUDA gets its cache with each call.
  const description = toServingForm(model, device === 'webgpu' ? 'device' : 'host')
  pointAtWeights(model, source)
  const bytes = encodeOnnx(model)
  const digests: Record<string, FileDigest> = { [source.name]: digestOf(source.bytes) }
  for (const name of weights) digests[name] = await digestFile(path.join(path.dirname(modelFile), name))
  const onnxruntime = env.versions.node ?? ''
  return {
    record: { recipe: RECIPE_VERSION, onnxruntime, source: digests, file: digestOf(bytes), description },
    bytes,
  }
}

function digestOf(bytes: Uint8Array): FileDigest {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.byteLength }
}

/** The existing form, where nothing that it depends on has changed. */
async function freshForm({
  modelFile,
  outFile,
  known = {},
  context,
}: PrepareRequest): Promise<Omit<Prepared, 'verified'> | undefined> {
  const record = await readServingRecord(outFile)
  if (record?.recipe !== RECIPE_VERSION || record.onnxruntime !== env.versions.node) return undefined
  const { description, columns } = record
  if (description.family !== 'gqa' && columns !== wideColumns(description, context)) return undefined
  const folder = path.dirname(modelFile)
  if (!Object.hasOwn(record.source, path.basename(modelFile))) return undefined
  const files = { ...record.source, [path.basename(outFile)]: record.file }
  for (const [name, expected] of Object.entries(files)) {
    const digest = async () => (await digestFile(path.join(folder, name))).sha256
    const found = Object.hasOwn(known, name) ? known[name] : await digest().catch(() => undefined)
    if (found !== expected.sha256) return undefined
  }
  return { description, ...record.file }
}
