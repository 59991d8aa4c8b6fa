import type { ErrorCode } from '../../shared/errors.ts'
import { packed, unpacked } from './packed.ts'

/**
 * The errors that this process has answered and not said yet. They go along with the next settlement or sweep, so a refusal
 * writes nothing by itself, and whoever floods the edge makes no call of the store. A process that ends before takes its
 * counts along.
 */
export type ErrorCounts = {
  /** Counts an error that is answered. Its codes are a fixed list, so nothing grows. */
  count(code: ErrorCode): void
  /** What has been counted since, as a text of sums; from now on it is the taker's to say. */
  take(): string
  /** Gives back what was taken and could not be said. */
  giveBack(taken: string): void
}

export function createErrorCounts(): ErrorCounts {
  let counts = new Map<string, number>()
  const add = (code: string, count: number) => counts.set(code, (counts.get(code) ?? 0) + count)
  return {
    count: (code) => void add(code, 1),
    take() {
      const text = packed(counts)
      counts = new Map()
      return text
    },
    giveBack(taken) {
      for (const [code, count] of unpacked(taken)) add(code, count)
    },
  }
}
