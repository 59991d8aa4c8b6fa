import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { SecretUrl } from '../../shared/secure-url.ts'

/** Whether a key of Supabase's opens everything: a secret one of now, or the legacy JWT of the role service_role. */
function isSecretKey(key: string): boolean {
  if (key.trim().startsWith('sb_secret_')) return true
  const [, payload = ''] = key.split('.')
  try {
    const claims = parseJson(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    return JSON.stringify(claims ?? {}).includes('"service_role"')
  } catch {
    return false
  }
}

/**
 * `DASHBOARD_SIGN_IN`: what a page needs to sign the app's own users in. Any visitor is told, so nothing of it may be
 * secret; a key that is one is refused.
 */
export const SignInPlaces = z.strictObject({
  firebase: z
    .strictObject({
      /** The web API key that the console shows under "Your apps". */
      api_key: z.string().regex(/^[\w-]{1,200}$/, 'is no web API key'),
      /** Where an Auth emulator listens; Google's own services without it. */
      emulator: SecretUrl.optional(),
    })
    .optional(),
  supabase: z
    .strictObject({
      url: SecretUrl,
      publishable_key: z
        .string()
        .min(1)
        .max(2000)
        .refine((key) => !isSecretKey(key), 'is a secret key: put the publishable one there'),
    })
    .optional(),
})
export type SignInPlaces = z.infer<typeof SignInPlaces>

const withoutSlash = (url: string) => url.replace(/\/+$/, '')

/** The addresses of each platform's own REST calls for signing in, and the key that they ask for. */
export function signInCalls({ firebase, supabase }: SignInPlaces) {
  const google = (service: string) =>
    firebase?.emulator ? `${withoutSlash(firebase.emulator)}/${service}` : `https://${service}`
  return {
    object: 'dashboard.sign_in',
    firebase: firebase
      ? {
          sign_in: `${google('identitytoolkit.googleapis.com')}/v1/accounts:signInWithPassword`,
          refresh: `${google('securetoken.googleapis.com')}/v1/token`,
          key: firebase.api_key,
        }
      : null,
    supabase: supabase
      ? { token: `${withoutSlash(supabase.url)}/auth/v1/token`, key: supabase.publishable_key }
      : null,
  }
}

/** The origins that these calls go to, each once. */
export function signInOrigins(places: SignInPlaces): string[] {
  const { firebase, supabase } = signInCalls(places)
  const urls = [firebase?.sign_in, firebase?.refresh, supabase?.token].filter((url) => url !== undefined)
  return [...new Set(urls.map((url) => new URL(url).origin))]
}
