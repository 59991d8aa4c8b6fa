import type { LoggedAct } from './act.ts'
import type { UsageEvent } from './event.ts'
import type { LedgerFeedback } from './feedback.ts'
import type { Mirror } from './mirror.ts'

/** The result of a batch. `conflicts` are positions in it, from 0: events that contradict a row of the same request. */
export type Recorded = { recorded: number; duplicates: number; conflicts: readonly number[] }

/** Units of one window: the sum of the ledger's rows, and what its roll-ups say. */
export type WindowUnits = { units: number; rolled: number }

/**
 * An account's units, by the window's name: the days of a UTC month (`day:2026-11-21`), and the account's months that
 * begin in it (`month:2026-11`, or `month:2026-11-14` where it has a billing day).
 */
export type AccountTotals = { account: string; windows: Record<string, WindowUnits> }

/** The append-only table of settled requests. */
export type Ledger = {
  /**
   * Adds events that are not there yet, all or none, once per request id and kind.
   * @throws LedgerRefused when one of them can never be stored; LedgerAway when a later try may work
   */
  record(events: readonly UsageEvent[]): Promise<Recorded>
  /**
   * Up to 500 accounts that used anything in a UTC month (`2026-11`), in the ledger's order, after the account `after`.
   * @throws LedgerAway
   */
  totals(month: string, after: string): Promise<AccountTotals[]>
}

/** The ledger's log of administrative acts, and its rows of accounts and API keys. */
export type ActLedger = {
  /**
   * Adds acts that are not there yet, all or none, once per id, and updates the rows of accounts and API keys.
   * @throws LedgerRefused, LedgerAway as Ledger.record
   */
  recordActs(acts: readonly LoggedAct[], mirror: Mirror): Promise<Recorded>
}

/** The ledger's table of feedback. */
export type FeedbackLedger = {
  /**
   * Stores feedback; newer on the same request replaces older.
   * @throws LedgerRefused, LedgerAway as Ledger.record
   */
  recordFeedback(feedback: readonly LedgerFeedback[]): Promise<Recorded>
}

/** The ledger will never take these events. `code` is its own reason (SQLSTATE, class 22 or 23). */
export class LedgerRefused extends Error {
  override readonly name = 'LedgerRefused'
  readonly code: string

  constructor(code: string) {
    super(`The ledger refused events: ${code}`)
    this.code = code
  }
}

/** The ledger did not answer, or failed for a reason that has nothing to do with the events. */
export class LedgerAway extends Error {
  override readonly name = 'LedgerAway'
  readonly code: string

  constructor(code: string, cause?: unknown) {
    super(`The ledger is away: ${code}`, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** An entry of the stream; `fields` is undefined when it was deleted after it had been read. */
export type Entry = { id: string; fields: Record<string, string> | undefined }

export type Buried = { id: string; reason: string }

export type Backlog = {
  /** Entries that the ledger does not have. Of acts, it counts only those that were read and not finished. */
  entries: number
  /** When the oldest of them was written, in milliseconds since the epoch; undefined when there is none. */
  oldestAt: number | undefined
  /** Entries that were set aside. */
  deadLetters: number
}

/** A stream to the ledger, read through one consumer group. Every method throws TwohopError `store_unavailable`. */
export type EntryStream = {
  /**
   * The oldest entries that another run read and did not finish in time, or gave back. They are this run's from now on.
   */
  unfinished(most: number): Promise<Entry[]>
  /** The oldest entries that nobody has read. */
  unread(most: number): Promise<Entry[]>
  /** Gives back entries that were read, for the next run to take at once. */
  release(ids: readonly string[]): Promise<void>
  /** Finishes entries, atomically: those in the ledger, and those set aside with their reason. */
  finish(stored: readonly string[], buried: readonly Buried[]): Promise<void>
  backlog(): Promise<Backlog>
}
