import type { Memory } from '../../platform/memory.ts'
import type { CreateBuffer, KvBuffer } from './kv-buffer.ts'
import { bytesPerToken, type DecoderShape } from './shape.ts'

/** Keys and values of prompt beginnings, block by block. The least recently used block is given up first. */
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

const START = { slot: 0, at: 0 }

export function createPrefixCache(
  shape: DecoderShape,
  memory: Memory,
  block: number,
  createBuffer: CreateBuffer,
): PrefixCache {
  /** Each a buffer of one slot. In order of use, the least recent first. */
  const blocks = new Map<string, KvBuffer>()
  const bytes = block * bytesPerToken(shape)

  /** A chain is touched from its end, so its last block is given up first. Without the others it could not be found. */
  function touch(keys: readonly string[]): void {
    for (const key of keys.toReversed()) {
      const kept = blocks.get(key)
      if (kept === undefined) continue
      blocks.delete(key)
      blocks.set(key, kept)
    }
  }

  /** Room for a block. It is new while the budget has some to spare, else it is that of the least recent block. */
  function room(keep: ReadonlySet<string>): KvBuffer | undefined {
    if (memory.fits(bytes)) {
      memory.take(bytes)
      return createBuffer(1, block)
    }
    for (const [key, oldest] of blocks) {
      if (keep.has(key)) return undefined
      blocks.delete(key)
      return oldest
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
      for (const [i, key] of keys.entries()) {
        const kept = blocks.get(key)
        if (kept === undefined) throw new Error(`block ${i} of a prefix is not there`)
        buffer.copyFrom(kept, START, { slot, at: i * block }, block)
      }
      touch(keys)
    },
    store(keys, buffer, slot) {
      touch(keys)
      const chain = new Set(keys)
      for (const [i, key] of keys.entries()) {
        if (blocks.has(key)) continue
        const free = room(chain)
        if (free === undefined) break
        free.copyFrom(buffer, { slot, at: i * block }, START, block)
        blocks.set(key, free)
      }
      touch(keys)
    },
    get blocks() {
      return blocks.size
    },
    release(missing) {
      let freed = 0
      for (const [key, oldest] of blocks) {
        if (freed >= missing) return
        blocks.delete(key)
        oldest.release()
        memory.give(bytes)
        freed += bytes
      }
    },
  }
}
