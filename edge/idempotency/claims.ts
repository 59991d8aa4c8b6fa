import type { Idempotency, SaidBefore } from '../budget/port.ts'

/** Idempotency keys of requests that reserve nothing. Every method throws TwohopError `store_unavailable`. */
export type Claims = {
  /** Lets the request have the key, or says what came of the one that has it. */
  claim(idempotency: Idempotency, requestId: string): Promise<{ code: 'claimed' } | SaidBefore>
  /** @param answer given to whoever comes again, for a day; empty where coming again is another attempt */
  end(idempotency: Idempotency, requestId: string, answer: string): Promise<void>
}
