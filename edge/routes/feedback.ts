import type { Context, Handler } from 'hono'
import * as z from 'zod'
import { optional } from '../../shared/openai/field.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Caller } from '../access/caller.ts'
import type { CountAct } from '../access/rate.ts'
import type { Once } from '../idempotency/once.ts'
import type { FeedbackStore } from '../ledger/feedback.ts'
import { jsonBody, keptText } from '../parse/body.ts'
import type { Env } from './env.ts'

/** The most characters of a text. */
export const FEEDBACK_CHARS = 2000

export const FeedbackRequest = z.strictObject({
  /** What `x-request-id` said of the answer. */
  request_id: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .describe('letters, digits, "_" and "-", 1 to 100 of them'),
  /** 1 for a good answer, -1 for a bad one. */
  score: z.union([z.literal(1), z.literal(-1)]),
  text: optional(keptText(0, FEEDBACK_CHARS)),
})

type Options = {
  callerOf: (c: Context) => Promise<Caller>
  countAct: CountAct
  once: Once
  feedback: FeedbackStore
  /** Moves feedback to the ledger; undefined where there is none. Never throws. */
  drainFeedback: (() => Promise<unknown>) | undefined
}

/**
 * `POST /v1/feedback`: what a caller says of one of its answers. Whose request it was the ledger alone knows. So what is said
 * here is the same for every id, and feedback on another account's request counts nowhere.
 */
export function feedbackRoutes({ callerOf, countAct, once, feedback, drainFeedback }: Options) {
  return {
    'POST /v1/feedback': async (c) => {
      const caller = await callerOf(c)
      const { request_id: requestId, score, text = '' } = parseAs(FeedbackRequest, await jsonBody(c))
      await countAct(`feedback of ${caller.account}`)
      return once(c, caller, async () => {
        await feedback.keep({ requestId, score, text }, caller.payer)
        if (drainFeedback) c.env.background(drainFeedback())
        return c.json({ object: 'feedback', request_id: requestId, score }, 202)
      })
    },
  } satisfies Record<string, Handler<Env>>
}
