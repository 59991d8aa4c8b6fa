import { askJson } from './ask.ts'
import type { IdentityAdmin } from './port.ts'

type Options = {
  /** The project's URL without a slash at its end. */
  url: string
  /** The project's secret key (`sb_secret_...`), or its legacy `service_role` key. */
  serviceKey: string
  fetch: typeof fetch
  /** Milliseconds that each request may take; default 5000. */
  timeoutMs?: number
}

/** A hundred years; GoTrue needs a duration. */
const FOR_GOOD = '876000h'

/**
 * Administration of one Supabase project by the REST call that supabase-js's `auth.admin.updateUserById` makes:
 * `PUT /auth/v1/admin/users/:id`. GoTrue merges `app_metadata` key by key and removes what is null.
 *
 * A user's sessions can be ended there only with one of the user's own tokens (`auth.admin.signOut`), which nobody here
 * keeps. A ban has the needed effect: GoTrue takes no refresh token from a banned user. The ban is lifted with the
 * suspension.
 */
export function createSupabaseAdmin({ url, serviceKey, fetch, timeoutMs = 5000 }: Options): IdentityAdmin {
  async function update(subject: string, change: object): Promise<void> {
    await askJson({
      fetch,
      url: `${url}/auth/v1/admin/users/${encodeURIComponent(subject)}`,
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        apikey: serviceKey,
        authorization: `Bearer ${serviceKey}`,
      },
      body: JSON.stringify(change),
      timeoutMs,
    })
  }

  return {
    setState: (subject, { plan, status }) =>
      update(subject, {
        app_metadata: {
          ...(plan !== undefined && { plan }),
          ...(status !== undefined && { status: status === 'active' ? null : status }),
        },
        ...(status === 'active' && { ban_duration: 'none' }),
      }),
    endSessions: (subject) => update(subject, { ban_duration: FOR_GOOD }),
  }
}
