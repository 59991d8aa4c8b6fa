import { scriptCall } from '../../shared/redis-script.ts'
import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { callerWords } from '../budget/commands.ts'
import { allowedReply } from '../budget/refused.ts'
import { FEEDBACK_STREAM } from '../store/redis-keys.ts'
import { FEEDBACK_MOST } from './bounds.ts'
import { KEEP_FEEDBACK } from './feedback.lua.ts'
import type { FeedbackStore } from './feedback.ts'
import type { EntryStream } from './port.ts'
import { createStreamReader } from './upstash.ts'
import type { LedgerRedis } from './upstash-group.ts'

type Options = UpstashOptions & {
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only. */
  clock?: () => number
}

/** Feedback in Upstash Redis, over HTTP: one round trip each. */
export function createUpstashFeedback({ clock = () => 0, ...options }: Options): FeedbackStore {
  const redis = upstashClient(options)
  return {
    keep: ({ requestId, score, text }, by) =>
      orUnavailable(async () => {
        const caller = callerWords(by)
        const args = [clock(), ...caller.args, requestId, score, text, FEEDBACK_MOST]
        allowedReply(await runScript(redis, scriptCall(KEEP_FEEDBACK, [caller.key, FEEDBACK_STREAM], args)))
      }),
  }
}

/** The stream of feedback on its way to the ledger. */
export function createUpstashFeedbackStream(where: LedgerRedis): EntryStream {
  return createStreamReader(where, FEEDBACK_STREAM)
}
