import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dtype } from '../../inference-host/device/port.ts'
import { encodeOnnx } from '../../inference-host/onnx/file.ts'
import { DATA_TYPE, type ModelProto } from '../../inference-host/onnx/schema.ts'
import { toFloat16 } from '../../test/fixtures/graphs/variants.ts'
import { type DecoderSizes, decoderGraph, SMOLLM2_135M } from '../models/decoder.ts'
import { writeDecoder } from '../models/made.ts'

/** The forms that are measured: activations in 32 bits and in 16. */
export const FORMS = ['q4', 'q4f16'] as const satisfies readonly Dtype[]
export type Form = (typeof FORMS)[number]

/** A decoder that a test computes in a moment. */
const TINY: DecoderSizes = {
  layers: 2,
  hidden: 64,
  heads: 2,
  kvHeads: 1,
  wide: 64,
  vocab: 2200,
  context: 256,
}

/**
 * A decoder with random weights of SmolLM2-135M's shape, in both forms, made the first time.
 * @param tiny one of a test's size instead
 * @returns its folder
 */
export async function decoderInForms(dir: string, tiny: boolean): Promise<string> {
  const sizes = tiny ? TINY : SMOLLM2_135M
  const folder = join(dir, `gpu-${sizes.layers}x${sizes.hidden}`)
  if (!existsSync(folder)) await writeDecoder(folder, sizes)
  const half = join(folder, 'onnx', 'model_q4f16.onnx')
  if (!existsSync(half)) await writeFile(half, encodeOnnx(inHalf(decoderGraph(sizes))))
  return folder
}

/** The graph with numbers of 16 bits wherever it has them of 32. */
function inHalf(model: ModelProto): ModelProto {
  toFloat16(model)
  for (const { op_type, attribute } of model.graph.node)
    for (const one of op_type === 'Cast' ? (attribute ?? []) : [])
      if (one.name === 'to' && one.i === DATA_TYPE.float32) one.i = DATA_TYPE.float16
  return model
}
