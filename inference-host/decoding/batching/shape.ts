import type { FloatArray } from '../../onnx/floats.ts'

/** Element storage of a cache: float16 is kept as its bits. */
export type KvArray = FloatArray

/** What one token's keys and values look like. */
export type KvShape = {
  layers: number
  kvHeads: number
  headDim: number
  kvType: 'float32' | 'float16'
}

/** A decoder in its serving form, as its description file says. */
export type DecoderShape = KvShape & {
  /** `gqa`: the attention op appends to the cache itself; `spelled-out`: the cache is concatenated with what is new. */
  family: 'gqa' | 'spelled-out'
  vocab: number
  /**
   * Layout of new keys and values: [rows, columns, kvHeads * headDim] or [rows, kvHeads, columns, headDim]; `in-place`
   * where the decoder itself writes them into the cache.
   */
  newLayout: 'tokens-heads' | 'heads-tokens' | 'in-place'
  /** The most new tokens of a row in a call; without a limit where there is none. */
  mostColumns?: number | undefined
  /** A call's number of new tokens leaves no 1 when it is divided by this, where it has several. */
  columnBlock?: number | undefined
  /** An odd number of rows is computed with one more, whose result nobody reads. */
  padsRows?: boolean | undefined
  /** Prompts are cut at multiples of this only. */
  fixedChunks?: number | undefined
}

/**
 * The first rows of a cache: per layer its keys, then its values, each [rows, kvHeads, stride, headDim]. A cache on a
 * device has no arrays here; its decoder knows it by the view.
 */
export type KvView = { arrays: readonly KvArray[]; rows: number; stride: number }

/** Bytes that one token takes in a cache. */
export function bytesPerToken({ layers, kvHeads, headDim, kvType }: KvShape): number {
  return 2 * layers * kvHeads * headDim * (kvType === 'float16' ? 2 : 4)
}
