import { bytesPerToken, type DecoderShape, type KvArray } from './decoder.ts'
import { createArray, type KvBuffer } from './kv-buffer.ts'
import type { Memory } from './memory.ts'

/** Keys and values of prompt beginnings, block by block, the least recently used given up first. */
export type PrefixCache = {
  /** How many of `keys`, from the first on, are there. */
  held(keys: readonly string[]): number
  /** Copies the blocks of `keys`, which are there, to the start of a slot. */
  restore(keys: readonly string[], buffer: KvBuffer, slot: number): void
  /** Keeps those blocks of a slot that are not there yet, as far as memory goes. */
  store(keys: readonly string[], buffer: KvBuffer, slot: number): void
  readonly blocks: number
  /** Gives blocks up until `missing` bytes are free, or none is left. */
  release(missing: number): void
}

export function createPrefixCache(shape: DecoderShape, memory: Memory, block: number): PrefixCache {
  /** In order of use, the least recent first. */
  const blocks = new Map<string, KvArray>()
  const bytes = block * bytesPerToken(shape)
  const length = 2 * shape.layers * shape.kvHeads * block * shape.headDim

  /** A chain is touched from its end, so that of its blocks the last is given up first: alone it could not be found. */
  function touch(keys: readonly string[]): void {
    for (const key of keys.toReversed()) {
      const array = blocks.get(key)
      if (array === undefined) continue
      blocks.delete(key)
      blocks.set(key, array)
    }
  }

  /** Room for a block: new while the budget has some to spare, else what the least recent one had. */
  function room(keep: ReadonlySet<string>): KvArray | undefined {
    if (memory.fits(bytes)) {
      memory.take(bytes)
      return createArray(shape, length)
    }
    for (const [key, array] of blocks) {
      if (keep.has(key)) return undefined
      blocks.delete(key)
      return array
    }
    return undefined
  }

  function held(keys: readonly string[]): number {
    const missing = keys.findIndex((key) => !blocks.has(key))
    return missing < 0 ? keys.length : missing
  }

  return {
    held,
    restore(keys, buffer, slot) {
      for (const [i, key] of keys.entries())
        buffer.writeBlock(blocks.get(key) as KvArray, slot, i * block, block)
      touch(keys)
    },
    store(keys, buffer, slot) {
      touch(keys)
      const chain = new Set(keys)
      for (const [i, key] of keys.entries()) {
        if (blocks.has(key)) continue
        const array = room(chain)
        if (array === undefined) break
        buffer.readBlock(array, slot, i * block, block)
        blocks.set(key, array)
      }
      touch(keys)
    },
    get blocks() {
      return blocks.size
    },
    release(missing) {
      let freed = 0
      for (const key of blocks.keys()) {
        if (freed >= missing) return
        blocks.delete(key)
        memory.give(bytes)
        freed += bytes
      }
    },
  }
}
