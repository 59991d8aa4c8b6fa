/** `error` needs a look, `warn` may pass by itself, `info` is a metric. */
export type Level = 'error' | 'warn' | 'info'

/**
 * What a line may say besides its event. Values that may hold a secret have a field of their own, and are not written
 * as they are.
 */
export type Told = {
  /** An id that we made: a UUID, or a job's id. */
  requestId?: string | undefined
  /** The account's name; a tag of it is written (edge/log/account-tag.ts). */
  account?: string | undefined
  /** A stable code; default: that of `error`, where it has one. */
  code?: string | undefined
  /** What was thrown. Its class, codes and frames are written, never a message (edge/log/fault.ts). */
  error?: unknown
  /**
   * Counts, and names that we made: nothing that a caller or an upstream says. Of a variable the host of a URL, and an
   * upstream's id in the catalog, whose form is that of a name; else what it breaks, and nothing of its value.
   */
  detail?: Readonly<Record<string, unknown>> & { readonly [Name in OwnField]?: never }
}

/** The fields that a line has by itself. A detail of that name would take the place of one. */
type OwnField = 'level' | 'event' | 'request_id' | 'account' | 'code' | 'fault'

/** Writes one line. Never rejects, so that logging breaks nothing. */
export type Log = (level: Level, event: string, told?: Told) => Promise<void>
