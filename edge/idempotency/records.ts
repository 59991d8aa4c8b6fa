import type { Idempotency, Payer, SaidBefore } from '../budget/port.ts'

/** Idempotency keys of requests that reserve nothing. Every method throws TwohopError `store_unavailable`. */
export type IdempotencyRecords = {
  /**
   * Gives the key to the caller's request, or says what came of the request that has it.
   * @throws BudgetRefused why the caller may not act
   */
  claim(idempotency: Idempotency, requestId: string, caller: Payer): Promise<{ code: 'claimed' } | SaidBefore>
  /** @param answer what a repetition gets, for a day; empty where a repetition is a new attempt */
  end(idempotency: Idempotency, requestId: string, answer: string): Promise<void>
}
