import type { TwohopError } from '../../shared/errors.ts'

/** Something under way that a request needs before its own work can begin. */
export type Preparing<Value> = {
  /** What came of it. Never rejects. */
  readonly outcome: Promise<{ value: Value } | { error: TwohopError }>
  /**
   * Milliseconds that were computed for this request so far. What is remembered, or is computed for another request that
   * needs the same, takes none.
   */
  computeMs(): number
  /** The request has ended and needs it no more. */
  stop(): void
}
