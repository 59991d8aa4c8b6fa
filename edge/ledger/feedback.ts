import * as z from 'zod'
import type { Payer } from '../budget/port.ts'

/** What an account says of one of its answers. */
export type Feedback = { requestId: string; score: 1 | -1; text: string }

/** Keeps feedback until the ledger has it. */
export type FeedbackStore = {
  /**
   * @throws BudgetRefused why the caller may not act; TwohopError store_unavailable
   */
  keep(feedback: Feedback, by: Payer): Promise<void>
}

const Fields = z.object({
  account: z.string().min(1),
  request_id: z.string().min(1),
  score: z.enum(['1', '-1']).transform(Number),
  text: z.string(),
})

/** Feedback as the ledger takes it; `at` in milliseconds since the epoch. */
export type LedgerFeedback = {
  account_id: string
  request_id: string
  rating: number
  comment: string | null
  at: number
}

/** The feedback in a stream's entry, or the name of the first bad field. */
export function feedbackOf(id: string, fields: Record<string, string>): LedgerFeedback | { wrong: string } {
  const { success, data, error } = Fields.safeParse(fields)
  if (!success) return { wrong: String(error.issues[0]?.path[0] ?? 'entry') }
  const { account, request_id, score, text } = data
  return {
    account_id: account,
    request_id,
    rating: score,
    comment: text || null,
    at: Number(id.split('-')[0]),
  }
}
