import type { Log } from '../log/port.ts'

/** What an issuer's own records should say of a user; null takes the owner's word back. */
export type OwnerState = { plan?: string | null; status?: 'active' | 'suspended' }

/**
 * Writes what administration decided to where an issuer's next tokens take it from, and ends sessions. The edge does
 * not need it to refuse (its own records do that at once): it keeps the issuer's tokens, and whoever else reads them,
 * of the same mind. Every method throws SyncError.
 */
export type IdentityAdmin = {
  /** Merges `state` into the user's claims; the owner's other claims stay. */
  setState(subject: string, state: OwnerState): Promise<void>
  /** Makes the issuer give no new token for a session that began before now, or while the user is suspended. */
  endSessions(subject: string): Promise<void>
}

/** The issuer did not do what it was asked. `code` is `user_unknown`, `refused`, `claims_too_large` or `unavailable`. */
export class SyncError extends Error {
  readonly code: 'user_unknown' | 'refused' | 'claims_too_large' | 'unavailable'

  constructor(code: SyncError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SyncError'
    this.code = code
  }
}

/** Issuers that can be told, by `firebase:<project id>` or `supabase:<host>`. */
export type IdentityAdmins = ReadonlyMap<string, IdentityAdmin>

/** An account's name taken apart: `firebase:my-project:uid`, `supabase:abc.supabase.co:<uuid>`. */
export function partsOf(account: string): { issuer: string; subject: string } | undefined {
  // A uid may hold any character; project ids and UUIDs hold no colon, a local project's host may have a port.
  const match =
    /^(firebase:[a-z][a-z0-9-]+):(.{1,128})$/s.exec(account) ??
    /^(supabase:[a-z0-9.[\]-]+(?::\d+)?):([0-9a-f-]{36})$/.exec(account)
  const [, issuer, subject] = match ?? []
  return issuer !== undefined && subject !== undefined ? { issuer, subject } : undefined
}

export type SyncOutcome = 'done' | 'failed' | 'not_configured'

/**
 * Tells the account's issuer, where its administration is configured. Never throws: the edge's own record is written
 * by then and holds, and whoever acted is told that this half is lacking.
 */
export function createSync(admins: IdentityAdmins, log: Log) {
  return async function sync(
    account: string,
    state: OwnerState,
  ): Promise<{ outcome: SyncOutcome; why?: string }> {
    const parts = partsOf(account)
    const admin = parts && admins.get(parts.issuer)
    if (!admin) return { outcome: 'not_configured' }
    try {
      await admin.setState(parts.subject, state)
      if (state.status === 'suspended') await admin.endSessions(parts.subject)
      return { outcome: 'done' }
    } catch (error) {
      const why = error instanceof SyncError ? error.code : 'unavailable'
      await log('warn', 'sync_failed', { account, code: why, error })
      return { outcome: 'failed', why }
    }
  }
}
