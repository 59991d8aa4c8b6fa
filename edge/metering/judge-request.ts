import { TwohopError } from '../../shared/errors.ts'
import { NO_SPAN } from '../../shared/tracing/port.ts'
import { contentBlocked, type Finding } from '../guard/policy.ts'
import { createAskJudge, type JudgeOptions } from './ask-judge.ts'
import type { Held } from './held.ts'

const RULE = 'injection'

/**
 * Has a classifier judge a held request, if its plan wants that. What that costs is charged within the reservation.
 * @throws TwohopError content_blocked, or guard_unavailable where the classifier does not answer and the plan does not let the
 * request pass then; the request is settled
 */
export function createJudgeRequest(options: JudgeOptions) {
  const askJudge = createAskJudge(options)
  return async function judgeRequest(
    held: Held,
    client: AbortSignal,
    tell: (finding: Finding) => void,
    span = NO_SPAN,
  ): Promise<void> {
    const { judged } = held.work
    if (!judged) return
    const { guard } = judged
    let score: number
    try {
      const { label } = guard
      const { traceparent } = span
      const asking = { call: 'guard', label, signal: client, traceparent }
      score = Math.max(...(await askJudge(held, judged.work, asking)))
    } catch (cause) {
      if (guard.on_failure === 'pass' && !client.aborted) return
      held.settle('failed', undefined)
      throw new TwohopError(
        'guard_unavailable',
        'The request could not be judged right now; try again shortly.',
        {
          retryAfterMs: 2000,
          cause,
        },
      )
    }
    if (score < guard.threshold) return
    const blocked = guard.in === 'block'
    tell({ way: 'in', rule: RULE, blocked })
    if (!blocked) return
    held.settle('refused', undefined)
    throw contentBlocked('text', RULE)
  }
}
