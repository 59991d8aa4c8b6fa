import * as z from 'zod'
import { askJson } from './ask.ts'
import { EARLY_MS, googleTokenRequest, type ServiceAccount } from './google-token.ts'
import { SyncError } from './port.ts'

const AccessToken = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().min(1) })

type Options = {
  account: ServiceAccount
  /** What the token is for, by Google's name. */
  scope: string
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
  timeoutMs: number
}

/**
 * Access tokens of Google's for a service account, which proves its identity by a signed assertion (RFC 7523 section 2.1).
 * One serves until a minute before its end.
 * @returns a function that throws SyncError where Google gives none
 */
export function createGoogleAccess({
  account,
  scope,
  fetch,
  now,
  timeoutMs,
}: Options): () => Promise<string> {
  let access: { token: string; until: number } | undefined
  return async function accessToken() {
    if (access && now() < access.until) return access.token
    const request = await googleTokenRequest(account, { scope }, now())
    const reply = AccessToken.safeParse(await askJson({ fetch, ...request, timeoutMs }))
    if (!reply.success) throw new SyncError('unavailable', 'Google answered in another form than expected.')
    const { access_token: token, expires_in } = reply.data
    access = { token, until: now() + expires_in * 1000 - EARLY_MS }
    return token
  }
}
