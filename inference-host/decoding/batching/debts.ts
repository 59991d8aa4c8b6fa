import type { Sequence } from './request.ts'

/**
 * How the time that structures take is shared. All running sequences wait while one of them chooses its token, and a mask
 * may take longer than the decoder does for everybody. So a sequence owes the time that its structure took. While it owes,
 * it sits out: its next token is computed with each step, but not chosen. The decoder's time meanwhile pays the debt.
 * So all structures together take no more time than the decoder, and nobody's tokens come at less than half their pace
 * because of them.
 */
export type Debts = {
  /** Takes what a call of the decoder took, in milliseconds. It pays as much of what is owed. */
  computed(ms: number): void
  /**
   * Pays debts before a step of `running`, by equal shares: whoever owes less than a share leaves the rest to the others.
   * Where all owe, nobody is held up by anybody, and nothing is owed any more.
   */
  settle(running: readonly Sequence[]): void
}

export function createDebts(): Debts {
  let credit = 0
  return {
    computed(ms) {
      credit += ms
    },
    settle(running) {
      const owing = running.filter(sitsOut).sort((a, b) => a.owesMs - b.owesMs)
      for (const [i, sequence] of owing.entries()) {
        const share = Math.min(sequence.owesMs, credit / (owing.length - i))
        sequence.owesMs -= share
        credit -= share
      }
      // Nothing is saved up: it would let many structures take their time at once.
      credit = 0
      if (running.every(sitsOut)) for (const sequence of running) sequence.owesMs = 0
    },
  }
}

/** Whether a sequence's next token waits. */
export const sitsOut = ({ owesMs }: Pick<Sequence, 'owesMs'>): boolean => owesMs > 0
