import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { parseJson } from '../../../shared/parse-json.ts'

const FileDigest = z.strictObject({ sha256: z.string(), bytes: z.int() })
export type FileDigest = z.infer<typeof FileDigest>

/**
 * The record beside a serving form, as JSON: how to call it, and what it was made from and by. Nothing in it depends on
 * the machine, so it can be locked like any file of the model.
 */
const ServingRecord = z.strictObject({
  recipe: z.int(),
  /** ONNX Runtime's version that it was verified with. */
  onnxruntime: z.string(),
  /** The original and its weights, by file name. */
  source: z.record(z.string(), FileDigest),
  file: FileDigest,
  /** How wide the cache was in which it was verified, where its graph sees columns (wide-cache.ts). */
  columns: z.int().min(1).optional(),
  description: z.strictObject({
    family: z.enum(['gqa', 'spelled-out']),
    layers: z.int().min(1),
    kvHeads: z.int().min(1),
    headDim: z.int().min(1),
    vocab: z.int().min(1),
    kvType: z.enum(['float32', 'float16']),
    newLayout: z.enum(['tokens-heads', 'heads-tokens', 'in-place']),
    /** The GPU that it was verified on. Such a form is made and verified at each start. */
    mostColumns: z.int().min(2).optional(),
    /** Measured where it was made. Elsewhere it may cost a row, and is not wrong. */
    padsRows: z.boolean().optional(),
  }),
})
export type ServingRecord = z.infer<typeof ServingRecord>

/** Where the record of a serving form lies. */
export function recordFileOf(servingFile: string): string {
  return servingFile.replace(/(\.onnx)?$/, '.json')
}

/** The record beside a serving form; undefined where there is none that can be read. */
export async function readServingRecord(servingFile: string): Promise<ServingRecord | undefined> {
  const text = await readFile(recordFileOf(servingFile), 'utf8').catch(() => '')
  return ServingRecord.safeParse(parseJson(text)).data
}
