/** One administrative act. */
export type Act = {
  /** The account that acts, or `leak report`. */
  actor: string
  /** What was done, such as `account.suspend`. */
  action: string
  /** What was acted on: an account, or a key's id. */
  target: string
  reason: string | undefined
  /** Details of the act, without secrets. Where a key ends, the script that ends it adds the key's `account`. */
  detail: Readonly<Record<string, unknown>>
}

/** `id` orders the log; `at` is in milliseconds since the epoch. */
export type AuditEntry = Act & { id: string; at: number }

/** Entries, the latest first; `next` continues the list, undefined at its end. A page may be empty before the end. */
export type AuditPage = { entries: AuditEntry[]; next: string | undefined }

/**
 * The log of administrative acts. A row is written before its act, so that no act goes without one, and is never
 * changed. Every method throws TwohopError `store_unavailable` where the log does not answer; the act is then not done.
 */
export type AuditLog = {
  record(act: Act): Promise<void>
  /** @param target lists only the acts on this account or key */
  list(options: { target?: string | undefined; next?: string | undefined; most: number }): Promise<AuditPage>
}
