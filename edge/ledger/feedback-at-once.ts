import type { Log } from '../log/port.ts'
import type { DrainReport } from './drain.ts'

/**
 * Builds the drain of feedback for what just came. What it cannot move now is moved later. It never rejects: the log says
 * what went wrong, as it does of the drains of a scheduled run (edge/ledger/scheduled.ts).
 */
export function createFeedbackAtOnce(
  { drainFeedback }: { drainFeedback: () => Promise<DrainReport> },
  log: Log,
): () => Promise<void> {
  const failed = (error: unknown) => log('warn', 'feedback_not_moved', { error })
  return async function feedbackAtOnce() {
    try {
      const { buried, error } = await drainFeedback()
      // It is in no table until somebody looks.
      if (buried > 0) await log('error', 'feedback_set_aside', { detail: { buried } })
      if (error) await failed(error)
    } catch (error) {
      await failed(error)
    }
  }
}
