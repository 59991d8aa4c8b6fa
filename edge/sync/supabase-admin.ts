import * as z from 'zod'
import type { ClaimNames } from '../identity/owner-claims.ts'
import { askJson } from './ask.ts'
import { claimsToWrite } from './owner-state.ts'
import { type IdentityAdmin, SyncError } from './port.ts'

export type SupabaseAdminOptions = {
  /** The project's URL without a slash at its end. */
  url: string
  /** The project's secret key (`sb_secret_...`), or its legacy `service_role` key. */
  serviceKey: string
  /** Where tokens hold what the owner says. */
  names: ClaimNames
  fetch: typeof fetch
  /** Milliseconds that each request may take; default 5000. */
  timeoutMs?: number
}

/** A hundred years; GoTrue needs a duration. */
export const FOR_GOOD = '876000h'

const User = z.looseObject({ app_metadata: z.record(z.string(), z.unknown()).nullish() })

/**
 * Administration of one Supabase project by the REST calls that supabase-js's `auth.admin.getUserById` and
 * `updateUserById` make: `GET` and `PUT /auth/v1/admin/users/:id`. GoTrue merges `app_metadata` key by key, replaces each
 * whole and removes what is null. So an object in it is read first.
 *
 * A user's sessions can be ended there only with one of the user's own tokens (`auth.admin.signOut`), which nobody here
 * keeps. A ban has the needed effect: GoTrue takes no refresh token from a banned user. The ban is lifted with the
 * suspension.
 */
export function createSupabaseAdmin({
  url,
  serviceKey,
  names,
  fetch,
  timeoutMs = 5000,
}: SupabaseAdminOptions): IdentityAdmin {
  const ask = (subject: string, method: 'GET' | 'PUT', change?: object) =>
    askJson({
      fetch,
      url: `${url}/auth/v1/admin/users/${encodeURIComponent(subject)}`,
      method,
      headers: {
        ...(change && { 'content-type': 'application/json' }),
        apikey: serviceKey,
        authorization: `Bearer ${serviceKey}`,
      },
      ...(change && { body: JSON.stringify(change) }),
      timeoutMs,
    })

  async function metadata(subject: string): Promise<Record<string, unknown>> {
    const user = User.safeParse(await ask(subject, 'GET'))
    if (user.success) return user.data.app_metadata ?? {}
    throw new SyncError('unavailable', 'Supabase answered in another form than expected.')
  }

  return {
    async setState(subject, state) {
      await ask(subject, 'PUT', {
        app_metadata: claimsToWrite(await metadata(subject), names, state),
        ...(state.status === 'active' && { ban_duration: 'none' }),
      })
    },
    async endSessions(subject) {
      await ask(subject, 'PUT', { ban_duration: FOR_GOOD })
    },
  }
}
