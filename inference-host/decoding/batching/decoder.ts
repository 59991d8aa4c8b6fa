import type { CreateBuffer } from './kv-buffer.ts'
import type { DecoderShape, KvArray, KvView } from './shape.ts'

/** One run of a decoder over `rows` sequences, with `columns` new tokens each. At most one of the two is above 1. */
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
  /** Per layer the new keys, then the new values, in the decoder's `newLayout`. Empty where that is `in-place`. */
  fresh: readonly KvArray[]
}

/** A decoder on its device. It keeps nothing between calls: the cache is the caller's. */
export type Decoder = {
  readonly shape: DecoderShape
  /** Makes the caches that it reads, where they have to be on its device. Other caches are in this process's memory. */
  readonly createBuffer?: CreateBuffer
  /** @throws Error where the device fails; the cache is then unchanged. */
  run(call: Call): Promise<CallResult>
}
