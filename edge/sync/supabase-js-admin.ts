import { createClient } from '@supabase/supabase-js'
import { createTimedFetch } from '../../shared/timed-fetch.ts'
import type { SupabaseAdminOf } from './config.ts'
import { claimsToWrite } from './owner-state.ts'
import { SyncError } from './port.ts'
import { FOR_GOOD } from './supabase-admin.ts'

/** As createSupabaseAdmin, which says why a session is ended by a ban, by supabase-js itself. */
export const createSupabaseJsAdmin: SupabaseAdminOf = ({
  url,
  serviceKey,
  names,
  fetch,
  timeoutMs = 5000,
}) => {
  const { admin } = createClient(url, serviceKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: createTimedFetch(fetch, timeoutMs) },
  }).auth

  async function user(subject: string) {
    const { data, error } = await admin.getUserById(subject)
    if (error) throw failure(error)
    return data.user
  }
  async function update(
    subject: string,
    change: { app_metadata?: object; ban_duration?: string },
  ): Promise<void> {
    const { error } = await admin.updateUserById(subject, change)
    if (error) throw failure(error)
  }

  return {
    async setState(subject, state) {
      const { app_metadata } = await user(subject)
      await update(subject, {
        app_metadata: claimsToWrite(app_metadata ?? {}, names, state),
        ...(state.status === 'active' && { ban_duration: 'none' }),
      })
    },
    endSessions: (subject) => update(subject, { ban_duration: FOR_GOOD }),
  }
}

/** Of the package's error only the status is kept: its message can repeat the answer. */
function failure({ status }: { status?: number | undefined }): SyncError {
  if (status === 404) return new SyncError('user_unknown', 'The issuer knows no such user.')
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 429
  return new SyncError(refused ? 'refused' : 'unavailable', 'The issuer did not do it.')
}
