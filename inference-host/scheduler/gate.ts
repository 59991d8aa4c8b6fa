import type { TwohopError } from '../../shared/errors.ts'

/** Between a queue and a model that is not always in memory. */
export type Gate = {
  /** Whether requests may start. */
  open(): boolean
  /** Why none may even wait; undefined where they may. */
  refusal(): TwohopError | undefined
  /** Whether jobs may not start, because requests to another model wait for its memory. */
  yields(): boolean
  /** Called when one waits and none runs: the gate is shut, or yields. */
  knock(): void
  /** Called when nothing waits or runs any more. */
  rest(): void
}

/** Of a model that is always there. */
export const OPEN: Gate = {
  open: () => true,
  refusal: () => undefined,
  yields: () => false,
  knock() {},
  rest() {},
}
