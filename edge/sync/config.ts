import * as z from 'zod'
import { isSecureUrl } from '../../shared/secure-url.ts'
import { createFirebaseAdmin, ServiceAccount } from './firebase-admin.ts'
import type { IdentityAdmins } from './port.ts'
import { createSupabaseAdmin } from './supabase-admin.ts'

/** The fewest characters of a secret key; real ones have more. */
const MIN_KEY = 20

/** `FIREBASE_SERVICE_ACCOUNTS`: a list of key files of service accounts, one a project. */
export const FirebaseServiceAccounts = z.array(ServiceAccount).max(20)

/**
 * `SUPABASE_SERVICE_KEYS`: project URL to secret key. One rule covers the whole, so that no complaint names a property:
 * if the two sides were swapped, the secret stands there.
 */
export const SupabaseServiceKeys = z
  .record(z.string(), z.unknown())
  .refine(
    (keys): keys is Record<string, string> =>
      Object.entries(keys).every(([url, key]) => isProjectUrl(url) && isServiceKey(key)),
    `must name project URLs without a path, each with a key of at least ${MIN_KEY} characters`,
  )

const isServiceKey = (key: unknown) => typeof key === 'string' && key.length >= MIN_KEY

/** A key is sent with every request, so plain HTTP is allowed to this machine only. */
function isProjectUrl(text: string): boolean {
  return URL.parse(text)?.origin === text && isSecureUrl(text)
}

type Config = {
  FIREBASE_ADMIN_URL: string
  FIREBASE_SERVICE_ACCOUNTS?: z.infer<typeof FirebaseServiceAccounts> | undefined
  SUPABASE_SERVICE_KEYS?: z.infer<typeof SupabaseServiceKeys> | undefined
}

/** The administration of every issuer whose key is configured. */
export function identityAdmins(
  { FIREBASE_ADMIN_URL: url, FIREBASE_SERVICE_ACCOUNTS = [], SUPABASE_SERVICE_KEYS = {} }: Config,
  { fetch, now }: { fetch: typeof globalThis.fetch; now: () => number },
): IdentityAdmins {
  return new Map([
    ...FIREBASE_SERVICE_ACCOUNTS.map(
      (account) =>
        [`firebase:${account.project_id}`, createFirebaseAdmin({ account, url, fetch, now })] as const,
    ),
    ...Object.entries(SUPABASE_SERVICE_KEYS).map(
      ([url, serviceKey]) =>
        [`supabase:${new URL(url).host}`, createSupabaseAdmin({ url, serviceKey, fetch })] as const,
    ),
  ])
}
