import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import type { Values } from './encoder.ts'

/** How the vectors of a text's tokens become one vector of the text. */
export type Pooling = 'mean' | 'cls' | 'max' | 'last'

/** Sentence Transformers' names for them, in the order in which they are looked for. */
const MODES = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_lasttoken: 'last',
} as const satisfies Record<string, Pooling>

/**
 * The pooling that a model's folder asks for in Sentence Transformers' file, `1_Pooling/config.json`; the mean where
 * there is no such file. @throws Error where it asks for one that is not known here, or for several together
 */
export async function readPooling(folder: string): Promise<Pooling> {
  const config = await readJson(path.join(folder, '1_Pooling', 'config.json'))
  if (config === undefined) return 'mean'
  const asked = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true)
  const [mode, ...more] = asked
  const known = Object.entries(MODES).find(([key]) => key === mode)
  if (known === undefined || more.length > 0)
    throw new Error(`its pooling is ${asked.join(' and ') || 'unknown'}, which is not done here`)
  return known[1]
}

async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : z.record(z.string(), z.unknown()).parse(JSON.parse(text))
}

/**
 * The vector of a text of `tokens` tokens. `dimensions` keeps its first numbers; `normalize` then makes it of length 1.
 */
export function poolTokens(
  { data, width }: Values,
  tokens: number,
  { pooling, normalize, dimensions = width }: { pooling: Pooling; normalize: boolean; dimensions?: number },
): Float32Array {
  const at = (token: number) => data.subarray(token * width, token * width + dimensions)
  if (pooling === 'cls') return scale(at(0), normalize)
  if (pooling === 'last') return scale(at(tokens - 1), normalize)
  const pooled = Float64Array.from(at(0))
  // Plain loops: for 110 tokens of 384 numbers they take 0.2 ms, iterators 0.9, the model itself 40.
  for (let token = 1; token < tokens; token++) {
    const vector = at(token)
    for (let i = 0; i < dimensions; i++) {
      const value = vector[i] ?? 0
      const sofar = pooled[i] ?? 0
      pooled[i] = pooling === 'max' ? Math.max(sofar, value) : sofar + value
    }
  }
  return scale(pooling === 'mean' ? pooled.map((sum) => sum / tokens) : pooled, normalize)
}

/** A copy, of length 1 where `normalize`; a vector of zeros stays one. */
function scale(vector: Float32Array | Float64Array, normalize: boolean): Float32Array {
  const length = normalize ? Math.hypot(...vector) || 1 : 1
  return Float32Array.from(vector, (value) => value / length)
}
