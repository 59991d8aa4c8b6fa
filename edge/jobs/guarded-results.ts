import { ERRORS, errorEnvelope, TwohopError } from '../../shared/errors.ts'
import { createAnswerGuard } from '../guard/answer.ts'
import { type Finding, isIdle, type Policy } from '../guard/policy.ts'
import type { ResultPage } from './job.ts'

type Results = ResultPage['results']

/**
 * Results as their reader may have them. They lie in the store as the host wrote them, so it is the guards of the reader's plan at
 * the time of reading that count. A result that is blocked as a whole reads as the error content_blocked.
 */
export function guardedResults(
  results: Results,
  policy: Policy | undefined,
  requestId: string,
  tell: (finding: Finding) => void,
): Results {
  if (!policy || isIdle(policy.out)) return results
  const guard = createAnswerGuard(policy.out, { answers: 1, writing: undefined }, tell)
  return results.map((result) => {
    if (result.status !== 200) return result
    try {
      return { ...result, body: guard.whole(result.body) }
    } catch (error) {
      if (!(error instanceof TwohopError)) throw error
      return { ...result, status: ERRORS[error.code].status, body: errorEnvelope(error, requestId) }
    }
  })
}
