import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Device } from '../../device/port.ts'
import { decodeOnnx, encodeOnnx, type OnnxSource, pointAtWeights } from '../../onnx/file.ts'
import type { ModelProto } from '../../onnx/schema.ts'
import { compare, type Difference, isWithin } from './compare.ts'
import { computesInInt8, useFloat32Activations } from './int8-activations.ts'
import type { ServingDescription } from './rewrite.ts'

/**
 * The result of a comparison. `float32` is the same with float32 activations. It is measured where int8 ones would only
 * magnify rounding, and where a form is not exact. A GroupQueryAttention export with a `measured` above zero is right, but
 * this machine's kernels round one row otherwise than several (seen: 4-bit MatMulNBits with int8 activations on AVX2
 * without VNNI; two rows or more agree exactly with each other), or an odd number otherwise than an even one (4-bit
 * weights in blocks of 64 and 128).
 */
export type Verified = {
  measured: Difference
  float32: Difference | undefined
  /** The most new tokens in a call that this device computes right, where that is limited. */
  mostColumns?: number
  /** An even number of rows comes nearer to a row alone than an odd one. */
  padsRows?: true
}

/**
 * How much logits may differ where kernels need not be the same to the last bit. `float32`: spelled-out attention sums
 * over longer, masked rows, and a GPU's kernels over other tiles. `float16`: its numbers are 2^-10 apart at 1, 2^-6 at
 * 16, and each layer rounds to them; so does TensorFloat-32, which ONNX Runtime multiplies float32 in on CUDA. `int8`:
 * roundings of int8 activations that fall the other way.
 */
export const TOLERANCE = { float32: 1e-3, float16: 0.1, int8: 2 }

/**
 * Calls of up to this many new tokens take another attention kernel on WebGPU than larger ones (flash_attention.cc,
 * `use_split_reduce`). The kernel for larger calls is wrong on adapters with subgroups of fewer than 8: off by 0.4
 * logits and more with ONNX Runtime 1.30 on SwiftShader, which has subgroups of 4.
 */
const SMALL_CALL = 31

export type VerifyRequest = {
  modelFile: string
  /** In the same folder. */
  servingFile: string
  description: ServingDescription
  /** ONNX Runtime's threads within an operator. */
  threads: number
  /** Where the serving form runs; `cpu` by default. */
  device?: Device
  /** Tokens that the model can hold, where its files say so. */
  context?: number | undefined
}

type Verdict = Verified | { unsupported: string /** It runs, but not right. */; wrong?: true }

/**
 * Runs an original and its serving form on a few prompts, and compares the logits of every step. It computes on the
 * calling thread. Whatever is not equal to the last bit has to be equal to `TOLERANCE`, measured with float32 activations
 * where int8 ones magnify what is no error. On a GPU the form is compared with the original on
 * the CPU, because the GPU's own kernels are not trusted either.
 * @returns What was measured, or why the serving form must not be used. A session that cannot be created counts as such
 * a reason. It may also harm later sessions of this process, so a child process should do this.
 * @throws What the file system throws.
 */
export async function verifyServingForm(request: VerifyRequest): Promise<Verified | { unsupported: string }> {
  if ((request.device ?? 'cpu') === 'cpu') return verifyOnCpu(request)
  const verdict = await verifyOnGpu(request)
  if (!('unsupported' in verdict)) return verdict
  const small = verdict.wrong ? await verifyOnGpu(request, SMALL_CALL) : verdict
  if ('unsupported' in small) return { unsupported: verdict.unsupported }
  return { ...small, mostColumns: SMALL_CALL }
}

async function verifyOnCpu(request: VerifyRequest): Promise<Verified | { unsupported: string }> {
  const { modelFile, servingFile, description, threads, context } = request
  const between = comparison(description, { device: 'cpu', threads, context })
  const measured = await between(modelFile, servingFile)
  if ('unsupported' in measured) return measured
  const pads = measured.even < measured.batch ? ({ padsRows: true } as const) : {}
  const tolerance = TOLERANCE[description.kvType]
  const enough = description.kvType === 'float32' ? 0 : tolerance
  if (isWithin(measured, enough)) return { measured, float32: undefined, ...pads }

  const float32 = (await withFloat32Activations(modelFile, servingFile, between)) ?? measured
  if ('unsupported' in float32) return float32
  if (!isWithin(float32, tolerance)) return { unsupported: differs(float32, IN_FLOAT32).unsupported }
  return { measured, float32, ...pads }
}

async function verifyOnGpu(
  { modelFile, servingFile, description, threads, device = 'cpu', context }: VerifyRequest,
  mostColumns?: number,
): Promise<Verdict> {
  const most = { context, ...(mostColumns !== undefined && { mostColumns }) }
  const tolerance = TOLERANCE[device === 'cuda' ? 'float16' : description.kvType]
  const strictly = comparison(description, { device, threads, limit: tolerance, ...most })
  const float32 = await withFloat32Activations(modelFile, servingFile, strictly)
  if (float32 === undefined) {
    const measured = await strictly(modelFile, servingFile)
    if ('unsupported' in measured) return measured
    return isWithin(measured, tolerance) ? { measured, float32 } : differs(measured)
  }
  if ('unsupported' in float32) return float32
  if (!isWithin(float32, tolerance)) return differs(float32, IN_FLOAT32)
  const loosely = comparison(description, { device, threads, limit: TOLERANCE.int8, ...most })
  const measured = await loosely(modelFile, servingFile)
  if ('unsupported' in measured) return measured
  return isWithin(measured, TOLERANCE.int8) ? { measured, float32 } : differs(measured)
}

/** A comparison of two files. Its failure is a reason against the form. */
function comparison(description: ServingDescription, options: Parameters<typeof compare>[3]) {
  return async (original: string, serving: string): Promise<Difference | { unsupported: string }> => {
    try {
      return await compare(original, serving, description, options)
    } catch (cause) {
      return { unsupported: `it does not run: ${firstLine(cause)}` }
    }
  }
}

const IN_FLOAT32 = ' with float32 activations'

function differs(found: Difference, how = ''): { unsupported: string; wrong: true } {
  const most = Math.max(...Object.values(found))
  const where = found.wide === most ? ' in a cache as wide as its context' : ''
  return { unsupported: `its logits differ from the original's by ${most}${how}${where}`, wrong: true }
}

/**
 * Compares copies of both files with quantized products that compute in float32. The copies lie beside the files for a
 * moment.
 * @returns undefined where they do so anyhow.
 */
async function withFloat32Activations<T>(
  modelFile: string,
  servingFile: string,
  between: (original: string, serving: string) => Promise<T>,
): Promise<T | undefined> {
  const copies = [`${servingFile}.float32-original`, `${servingFile}.float32-serving`] as const
  try {
    for (const [i, file] of [modelFile, servingFile].entries()) {
      const source: OnnxSource = { bytes: await readFile(file), name: path.basename(file) }
      const model: ModelProto = decodeOnnx(source.bytes)
      if (!computesInInt8(model)) return undefined
      useFloat32Activations(model)
      pointAtWeights(model, source)
      await writeFile(copies[i] ?? copies[0], encodeOnnx(model))
    }
    return await between(...copies)
  } finally {
    for (const copy of copies) await rm(copy, { force: true })
  }
}

function firstLine(cause: unknown): string {
  return String(cause instanceof Error ? cause.message : cause).split('\n')[0] ?? ''
}
