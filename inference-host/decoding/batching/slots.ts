import type { Sequence } from './request.ts'

/** Sequences that wait for a slot and for memory, and those that have both. */
export type BatchSlots = {
  readonly queued: readonly Sequence[]
  readonly holders: ReadonlySet<Sequence>
  enqueue(sequence: Sequence): void
  /** Gives a slot to the next in order of arrival, where it fits. */
  giveNext(): Sequence | undefined
  /** Forgets one, wherever it is. */
  release(sequence: Sequence): void
}

/**
 * Slots are given by the worst case. Memory must hold the caches of all holders at their largest, and one more of the
 * largest while a sequence is copied from one buffer to another. So every sequence with a slot can finish. None is ever
 * thrown out and computed again, which could change its output.
 * @param tokens how many tokens of cache the budget holds
 */
export function createBatchSlots(slots: number, tokens: number): BatchSlots {
  const queued: Sequence[] = []
  const holders = new Set<Sequence>()

  function fits(sequence: Sequence): boolean {
    if (holders.size >= slots) return false
    const bounds = [...holders, sequence].map(({ bound }) => bound)
    return bounds.reduce((sum, bound) => sum + bound, Math.max(...bounds)) <= tokens
  }

  return {
    queued,
    holders,
    enqueue: (sequence) => void queued.push(sequence),
    giveNext() {
      const [first] = queued
      // Nobody overtakes: a large one that waits for memory gets it in the end.
      if (first === undefined || !fits(first)) return undefined
      queued.shift()
      holders.add(first)
      return first
    },
    release(sequence) {
      holders.delete(sequence)
      const place = queued.indexOf(sequence)
      if (place >= 0) queued.splice(place, 1)
    },
  }
}
