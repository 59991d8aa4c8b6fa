import type { Memory } from '../../platform/memory.ts'
import type { CreateBuffer, KvBuffer } from './kv-buffer.ts'
import { bytesPerToken, type DecoderShape } from './shape.ts'

/** Buffers of one slot. Prompts are computed in them before they join a lane. */
export type Staging = {
  /** A buffer of `tokens`. Its old contents mean nothing. */
  take(tokens: number): KvBuffer
  /** Gives a buffer back. One of each size is kept for the next prompt while there is memory. */
  give(buffer: KvBuffer): void
  /** Gives up the memory of idle buffers. */
  tighten(): void
}

export function createStaging(shape: DecoderShape, memory: Memory, createBuffer: CreateBuffer): Staging {
  const idle = new Map<number, KvBuffer>()

  function free(buffer: KvBuffer): void {
    buffer.release()
    memory.give(buffer.bytes)
  }

  return {
    take(tokens) {
      const kept = idle.get(tokens)
      idle.delete(tokens)
      if (kept !== undefined) return kept
      memory.take(tokens * bytesPerToken(shape))
      return createBuffer(1, tokens)
    },
    give(buffer) {
      if (idle.has(buffer.tokens)) free(buffer)
      else idle.set(buffer.tokens, buffer)
    },
    tighten() {
      for (const buffer of idle.values()) free(buffer)
      idle.clear()
    },
  }
}
