import type { CreateBuffer } from './kv-buffer.ts'

/** Element storage of a cache: float16 is kept as its bits. */
export type KvArray = Float32Array | Uint16Array

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
}

/**
 * The first rows of a cache: per layer its keys, then its values, each [rows, kvHeads, stride, headDim]. A cache on a
 * device has no arrays here; its decoder knows it by the view.
 */
export type KvView = { arrays: readonly KvArray[]; rows: number; stride: number }

/** One run of a decoder over `rows` sequences, `columns` new tokens each. More than one of both never comes. */
export type Call = {
  /** [rows, columns] token ids. */
  ids: BigInt64Array
  columns: number
  /** Tokens that each row has in the cache before this call; with the new ones at most `cache.stride`. */
  lengths: readonly number[]
  cache: KvView
}

export type CallResult = {
  /** [rows, vocab]: those of each row's last new token. They belong to the caller, who may change them. */
  logits: Float32Array
  /** Per layer the new keys, then the new values, in the decoder's `newLayout`; nothing where that is `in-place`. */
  fresh: readonly KvArray[]
}

/** A decoder on its device. It keeps nothing between calls: the cache is the caller's. */
export type Decoder = {
  readonly shape: DecoderShape
  /** Makes the caches that it reads, where they have to be on its device; else they are in this process's memory. */
  readonly createBuffer?: CreateBuffer
  /** @throws Error where the device fails; the cache is then unchanged. */
  run(call: Call): Promise<CallResult>
}

/** Bytes that one token takes in a cache. */
export function bytesPerToken({ layers, kvHeads, headDim, kvType }: KvShape): number {
  return 2 * layers * kvHeads * headDim * (kvType === 'float16' ? 2 : 4)
}
