import type { TwohopError } from '../../shared/errors.ts'

/** Between a queue and a model that is not always in memory. */
export type Gate = {
  /** Whether requests may start. */
  open(): boolean
  /** Why none may even wait; undefined where they may. */
  refusal(): TwohopError | undefined
  /** Called when one waits and the gate is shut. */
  knock(): void
  /** Called when nothing waits or runs any more. */
  rest(): void
}

/** Of a model that is always there. */
export const OPEN: Gate = { open: () => true, refusal: () => undefined, knock() {}, rest() {} }
