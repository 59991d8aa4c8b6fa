import { importPKCS8, SignJWT } from 'jose'
import * as z from 'zod'
import { secondOf } from '../../shared/seconds.ts'
import { SecretUrl } from '../../shared/secure-url.ts'
import { PROJECT_ID } from '../identity/firebase.ts'

/** The parts that are used of the key file that Google's console gives for a service account. */
export const ServiceAccount = z.looseObject({
  project_id: z.string().regex(PROJECT_ID),
  private_key_id: z.string().min(1),
  private_key: z.string().startsWith('-----BEGIN PRIVATE KEY-----'),
  client_email: z.email(),
  token_uri: SecretUrl.default('https://oauth2.googleapis.com/token'),
})
export type ServiceAccount = z.infer<typeof ServiceAccount>

/** The most seconds that Google lets an assertion live. */
const ASSERTION_SECONDS = 3600

/** A token of Google's is renewed this many milliseconds before its end. */
export const EARLY_MS = 60_000

/**
 * The request by which a service account gets a token of Google's: it proves its identity by a signed assertion (RFC 7523,
 * section 2.1).
 * @param asked what the token is to be for
 * @param now milliseconds since the epoch
 */
export async function googleTokenRequest(
  account: ServiceAccount,
  asked: { scope: string } | { target_audience: string },
  now: number,
) {
  const issued = secondOf(now)
  const assertion = await new SignJWT(asked)
    .setProtectedHeader({ alg: 'RS256', kid: account.private_key_id, typ: 'JWT' })
    .setIssuer(account.client_email)
    .setAudience(account.token_uri)
    .setIssuedAt(issued)
    .setExpirationTime(issued + ASSERTION_SECONDS)
    .sign(await importPKCS8(account.private_key, 'RS256'))
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  return {
    url: account.token_uri,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type, assertion }).toString(),
  } as const
}
