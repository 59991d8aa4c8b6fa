import type { DecoderShape } from './decoder.ts'
import { createKvBuffer, type KvBuffer } from './kv-buffer.ts'
import type { Memory } from './memory.ts'

/** Buffers of one slot, in which prompts are computed before they join a lane. */
export type Staging = {
  /** A buffer of `tokens`; what it holds from before means nothing. */
  take(tokens: number): KvBuffer
  /** Gives a buffer back. One of each size is kept for the next prompt while there is memory. */
  give(buffer: KvBuffer): void
  /** Gives up the memory of idle buffers. */
  tighten(): void
}

export function createStaging(shape: DecoderShape, memory: Memory): Staging {
  const idle = new Map<number, KvBuffer>()
  return {
    take(tokens) {
      const kept = idle.get(tokens)
      idle.delete(tokens)
      if (kept !== undefined) return kept
      const buffer = createKvBuffer(shape, 1, tokens)
      memory.take(buffer.bytes)
      return buffer
    },
    give(buffer) {
      if (idle.has(buffer.tokens)) memory.give(buffer.bytes)
      else idle.set(buffer.tokens, buffer)
    },
    tighten() {
      for (const { bytes } of idle.values()) memory.give(bytes)
      idle.clear()
    },
  }
}
