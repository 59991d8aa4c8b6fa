import * as z from 'zod'
import { baseUrl } from '../../shared/base-url.ts'
import { secondOf } from '../../shared/seconds.ts'
import type { ClaimNames } from '../identity/owner-claims.ts'
import { askJson } from './ask.ts'
import { createGoogleAccess } from './google-access.ts'
import type { ServiceAccount } from './google-token.ts'
import { claimsToWrite } from './owner-state.ts'
import { type IdentityAdmin, type OwnerState, SyncError } from './port.ts'

type Options = {
  account: ServiceAccount
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
  /** Where tokens hold what the owner says. */
  names: ClaimNames
  /** Identity Toolkit's base URL. */
  url: string
  /** Milliseconds that each request may take; default 5000. */
  timeoutMs?: number
}

const SCOPE = 'https://www.googleapis.com/auth/identitytoolkit'
/** The most characters of a user's custom claims together (firebase.google.com/docs/auth/admin/custom-claims). */
const MAX_CLAIMS = 1000

const Users = z.looseObject({
  users: z.array(z.looseObject({ customAttributes: z.string().optional() })).optional(),
})

/**
 * Administration of one Firebase project by the REST calls that firebase-admin makes (Identity Toolkit v1
 * `accounts:lookup` and `accounts:update`). The package itself is for Node (edge/sync/firebase-sdk-admin.ts).
 */
export function createFirebaseAdmin(options: Options): IdentityAdmin {
  const { account, url, names, fetch, now, timeoutMs = 5000 } = options
  const base = `${baseUrl(url)}/v1/projects/${account.project_id}`
  const accessToken = createGoogleAccess({ account, scope: SCOPE, fetch, now, timeoutMs })

  async function call(method: 'accounts:lookup' | 'accounts:update', body: object): Promise<unknown> {
    return askJson({
      fetch,
      url: `${base}/${method}`,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await accessToken()}` },
      body: JSON.stringify(body),
      timeoutMs,
    })
  }

  return {
    async setState(subject, state) {
      const [user] = read(Users, await call('accounts:lookup', { localId: [subject] })).users ?? []
      if (!user) throw new SyncError('user_unknown', 'Firebase knows no such user.')
      const held = read(z.record(z.string(), z.unknown()), JSON.parse(user.customAttributes || '{}'))
      const customAttributes = JSON.stringify(mergedClaims(held, names, state))
      if (customAttributes.length > MAX_CLAIMS)
        throw new SyncError('claims_too_large', `Custom claims hold ${MAX_CLAIMS} characters at most.`)
      await call('accounts:update', { localId: subject, customAttributes })
    },

    // Does the same as firebase-admin's revokeRefreshTokens: sessions that began before this second end.
    async endSessions(subject) {
      await call('accounts:update', { localId: subject, validSince: String(secondOf(now())) })
    },
  }
}

/** A user's claims with the new state in them. */
export function mergedClaims(
  claims: Readonly<Record<string, unknown>>,
  names: ClaimNames,
  state: OwnerState,
): Record<string, unknown> {
  const all = { ...claims, ...claimsToWrite(claims, names, state) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
}

function read<S extends z.ZodType>(schema: S, reply: unknown): z.infer<S> {
  const result = schema.safeParse(reply)
  if (result.success) return result.data
  throw new SyncError('unavailable', 'Firebase answered in another form than expected.')
}
