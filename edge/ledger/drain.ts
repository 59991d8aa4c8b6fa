import { actOf } from './act.ts'
import { usageEventOf } from './event.ts'
import { feedbackOf } from './feedback.ts'
import type { ReadMirror } from './mirror.ts'
import { createMove, type MoveOptions, type MoveReport } from './move.ts'
import type { ActLedger, EntryStream, FeedbackLedger, Ledger } from './port.ts'

type Pace = Omit<MoveOptions<never>, 'stream' | 'read' | 'record'>

export type DrainOptions = Pace & { stream: EntryStream; ledger: Ledger }
export type DrainReport = MoveReport

/**
 * Builds the drain of usage events: see createMove.
 * @throws TwohopError store_unavailable when the stream does not answer
 */
export function createDrain({ ledger, ...options }: DrainOptions) {
  return createMove({
    ...options,
    read: (_id, fields) => usageEventOf(fields),
    record: (events) => ledger.record(events),
  })
}

export type ActDrainOptions = Pace & { stream: EntryStream; ledger: ActLedger; readMirror: ReadMirror }

/**
 * Builds the drain of administrative acts. It also updates the ledger's rows of the accounts and API keys that the acts
 * were about.
 */
export function createActDrain({ ledger, readMirror, ...options }: ActDrainOptions) {
  return createMove({
    ...options,
    read: actOf,
    record: async (acts) => ledger.recordActs(acts, await readMirror(acts)),
  })
}

export type FeedbackDrainOptions = Pace & { stream: EntryStream; ledger: FeedbackLedger }

/** Builds the drain of feedback. */
export function createFeedbackDrain({ ledger, ...options }: FeedbackDrainOptions) {
  return createMove({ ...options, read: feedbackOf, record: (feedback) => ledger.recordFeedback(feedback) })
}
