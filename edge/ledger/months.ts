import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { LedgerAway, LedgerRefused } from './port.ts'

const Sum = z.int()
/** Sums of a UTC month and a model. A correction may leave less than nothing. */
export const MonthRow = z.object({
  month: z.string(),
  model: z.string(),
  requests: Sum,
  prompt_tokens: Sum,
  output_tokens: Sum,
  units: Sum,
})
export type MonthRow = z.infer<typeof MonthRow>

/** Months such as `2026-11`, both included. */
type Span = { from: string; to: string }

/**
 * Sums by month and model, the first month first. Each is one call of the ledger, whatever the span; they throw TwohopError
 * ledger_unavailable.
 */
export type ReadMonths = {
  of(account: string, span: Span): Promise<MonthRow[]>
  /** Of all accounts together. */
  ofAll(span: Span): Promise<MonthRow[]>
}

/** Calls the ledger for somebody who looks at it. @throws TwohopError ledger_unavailable */
export async function orLedgerUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (!(cause instanceof LedgerAway || cause instanceof LedgerRefused)) throw cause
    throw new TwohopError('ledger_unavailable', 'The ledger does not answer right now.', {
      retryAfterMs: 2000,
      cause,
    })
  }
}
