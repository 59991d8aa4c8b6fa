import type { Sequence } from './request.ts'

/** Sequences that wait for a slot and for memory, and those that have both. */
export type Admission = {
  readonly queued: readonly Sequence[]
  readonly admitted: ReadonlySet<Sequence>
  enqueue(sequence: Sequence): void
  /** The next in order of arrival, where it fits. */
  admit(): Sequence | undefined
  /** Forgets one, wherever it is. */
  release(sequence: Sequence): void
}

/**
 * Admission by the worst case: beside the slots of all admitted at their largest, memory must hold one more of the
 * largest, for the moment in which a sequence is copied from one buffer to another. So whoever is admitted can finish;
 * nobody is ever thrown out and computed again, which could change its output.
 * @param tokens how many tokens of cache the budget holds
 */
export function createAdmission(slots: number, tokens: number): Admission {
  const queued: Sequence[] = []
  const admitted = new Set<Sequence>()

  function fits(sequence: Sequence): boolean {
    if (admitted.size >= slots) return false
    const bounds = [...admitted, sequence].map(({ bound }) => bound)
    return bounds.reduce((sum, bound) => sum + bound, Math.max(...bounds)) <= tokens
  }

  return {
    queued,
    admitted,
    enqueue: (sequence) => void queued.push(sequence),
    admit() {
      const [first] = queued
      // Nobody overtakes: a large one that waits for memory gets it in the end.
      if (first === undefined || !fits(first)) return undefined
      queued.shift()
      admitted.add(first)
      return first
    },
    release(sequence) {
      admitted.delete(sequence)
      const place = queued.indexOf(sequence)
      if (place >= 0) queued.splice(place, 1)
    },
  }
}
