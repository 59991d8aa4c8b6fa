/** `error` wants somebody's look, `warn` may pass by itself, `info` is a metric. */
export type Level = 'error' | 'warn' | 'info'

/** What a line may tell beside its event. What may hold a secret has a place here, and is not written as it is. */
export type Told = {
  /** Of our own making: a UUID, or a job's id. */
  requestId?: string | undefined
  /** Its name, of which a tag is written (account-tag.ts). */
  account?: string | undefined
  /** Stable; by default that of `error`, where it has one. */
  code?: string | undefined
  /** What was thrown. Its class, codes and frames are written, never a message (fault.ts). */
  error?: unknown
  /** Counts, and names of our own making: nothing that a caller, an upstream or a variable said. */
  detail?: Readonly<Record<string, unknown>>
}

/** Writes one line. Never rejects: what is told of goes on as it would without. */
export type Log = (level: Level, event: string, told?: Told) => Promise<void>
