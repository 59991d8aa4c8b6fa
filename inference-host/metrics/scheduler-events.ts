import type { ErrorCode } from '../../shared/errors.ts'
import type { Report } from '../work/report.ts'

/** What happens to a queue's requests, in milliseconds on a steady clock; no ids, no accounts, no content. */
export type SchedulerEvent =
  /** Not taken in. */
  | { type: 'refused'; code: ErrorCode }
  /** Got a slot, `queueMs` after it was taken in. */
  | { type: 'begun'; queueMs: number }
  /** Its first token, `sinceSubmitMs` after it was taken in. */
  | { type: 'first_token'; sinceSubmitMs: number }
  /** Each further token, `gapMs` after the one before. */
  | { type: 'token'; gapMs: number }
  /** Its end, `tookMs` after it was taken in; `perTokenMs` is the mean gap where it had two tokens or more. */
  | {
      type: 'ended'
      code: 'finished' | ErrorCode
      tookMs: number
      perTokenMs: number | undefined
      report: Report
    }

export type Observer = (event: SchedulerEvent) => void
