import { Tensor } from 'onnxruntime-node'
import { at } from '../platform/at.ts'
import { gatherRows, placeBytes } from './rows.ts'

/**
 * The input of a decoder at each step. Each row has the encoder's output for its text, padded to the longest, and the
 * keys and values of the tokens written so far. All rows have equally many of these, because exports know one past
 * length for all.
 */
export type Cache = {
  /** Tokens of each row's text. */
  lengths: readonly number[]
  /** [rows, longest]: 1 where a text has a token. */
  mask: Tensor
  /** The encoder's output, then the keys and values that were made of it: [rows, ..., longest, width]. */
  read: readonly Tensor[]
  /** Keys and values of what is written: [rows, heads, written, width]. */
  written: readonly Tensor[]
}

/** A row of a cache. */
export type CacheRow = { cache: Cache; row: number }

/** The given rows, all with as many tokens written, as one cache no longer than their longest text. */
export function gatherCache(rows: readonly CacheRow[]): Cache {
  const { cache: first } = at(rows, 0)
  const lengths = rows.map(({ cache, row }) => cache.lengths[row] ?? 0)
  const longest = Math.max(...lengths)
  const gather = (kind: 'read' | 'written', places: (tensor: Tensor) => number) =>
    first[kind].map((like, i) =>
      gatherRows(
        rows.map(({ cache, row }) => ({ tensor: at(cache[kind], i), row })),
        places(like),
      ),
    )
  return {
    lengths,
    mask: maskOf(lengths),
    read: gather('read', () => longest),
    written: gather('written', ({ dims }) => dims.at(-2) ?? 0),
  }
}

/** Ones for each token of each text, zeros up to the longest. */
export function maskOf(lengths: readonly number[]): Tensor {
  const longest = Math.max(...lengths)
  const ones = new BigInt64Array(lengths.length * longest)
  for (const [row, length] of lengths.entries()) ones.fill(1n, row * longest, row * longest + length)
  return new Tensor('int64', ones, [lengths.length, longest])
}

/** Bytes of a cache for each token that is read, and for each that is written. */
export type TokenBytes = { read: number; written: number }

export function tokenBytes({ read, written }: Cache): TokenBytes {
  const sum = (tensors: readonly Tensor[]) => tensors.reduce((total, tensor) => total + placeBytes(tensor), 0)
  return { read: sum(read), written: sum(written) }
}
