import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { encodeOnnx } from '../../../inference-host/onnx/file.ts'
import type { ModelProto } from '../../../inference-host/onnx/schema.ts'

/** A folder of its own for the running test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'serving-form-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** Where a model and its serving form lie. */
export type Places = { folder: string; modelFile: string; outFile: string }

/** Writes a model as `model.onnx` into a folder of its own. */
export async function saved(model: ModelProto): Promise<Places> {
  const folder = await newFolder()
  const modelFile = path.join(folder, 'model.onnx')
  await writeFile(modelFile, encodeOnnx(model))
  return { folder, modelFile, outFile: path.join(folder, 'model.serving.onnx') }
}
