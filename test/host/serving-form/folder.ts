import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { decodeOnnx, encodeOnnx } from '../../../inference-host/onnx/file.ts'
import type { ModelProto } from '../../../inference-host/onnx/schema.ts'

/** A copy of a model's folder whose graph is changed, for the running test. */
export type Copy = { folder: string; modelFile: string; outFile: string }

/**
 * Copies a model of one graph to a folder of its own.
 * @param change What to do to the graph; without it the file is the same to the byte.
 */
export async function copyOf(folder: string, change?: (model: ModelProto) => void): Promise<Copy> {
  const copy = await mkdtemp(path.join(tmpdir(), 'serving-form-'))
  onTestFinished(() => rm(copy, { recursive: true, maxRetries: 10 }))
  const [name] = await readdir(path.join(folder, 'onnx'))
  if (name === undefined) throw new Error(`${folder} has no graph`)
  await cp(folder, copy, { recursive: true, filter: (file) => !file.endsWith('.onnx') })
  const modelFile = path.join(copy, 'onnx', name)
  if (change === undefined) await copyFile(path.join(folder, 'onnx', name), modelFile)
  else {
    const model = decodeOnnx(await readFile(path.join(folder, 'onnx', name)))
    change(model)
    await writeFile(modelFile, encodeOnnx(model))
  }
  return { folder: copy, modelFile, outFile: modelFile.replace('.onnx', '.serving.onnx') }
}
