import { STORABLE } from '../../shared/storable.ts'
import type { ClaimNames } from '../identity/owner-claims.ts'
import type { Log } from '../log/port.ts'

/** What the issuer's own records should say of a user; null removes the owner's setting. */
export type OwnerState = { plan?: string | null; status?: 'active' | 'suspended' }

/**
 * Writes administration's decisions into the issuer's own records, from which its next tokens take them, and ends
 * sessions. The edge does not need this to refuse: its own records do that at once. It keeps the issuer's tokens
 * consistent, for everybody who reads them. Every method throws SyncError.
 */
export type IdentityAdmin = {
  /** Merges `state` into the user's claims; the owner's other claims stay. */
  setState(subject: string, state: OwnerState): Promise<void>
  /** After this the issuer gives no new token for a session that began before now, or while the user is suspended. */
  endSessions(subject: string): Promise<void>
}

/** Makes the administration of an issuer. @param names where its tokens hold what the owner says */
export type AdminOf = (names: ClaimNames) => IdentityAdmin

/** The issuer did not do what it was asked; `code` says why. */
export class SyncError extends Error {
  readonly code: 'user_unknown' | 'refused' | 'claims_too_large' | 'unavailable'

  constructor(code: SyncError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SyncError'
    this.code = code
  }
}

/** The issuers whose administration is configured, by `firebase:<project id>` or `supabase:<host>`. */
export type IdentityAdmins = ReadonlyMap<string, IdentityAdmin>

/**
 * Splits an account's name: `firebase:my-project:uid`, `supabase:abc.supabase.co:<uuid>`. Undefined otherwise, and for a name
 * that no account can have because it could not be stored.
 */
export function partsOf(account: string): { issuer: string; subject: string } | undefined {
  if (!STORABLE.test(account)) return undefined
  // A uid may hold any other character. Project ids and UUIDs hold no colon. A local project's host may have a port.
  const match =
    /^(firebase:[a-z][a-z0-9-]+):(.{1,128})$/s.exec(account) ??
    /^(supabase:[a-z0-9.[\]-]+(?::\d+)?):([0-9a-f-]{36})$/.exec(account)
  const [, issuer, subject] = match ?? []
  return issuer !== undefined && subject !== undefined ? { issuer, subject } : undefined
}

export type SyncOutcome = 'done' | 'failed' | 'not_configured'

/**
 * Writes the account's state to its issuer, where that is configured. Never throws: the edge's own record is already
 * written and holds, and the outcome tells the caller if this part failed.
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
