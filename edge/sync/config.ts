import * as z from 'zod'
import { isSecureUrl } from '../../shared/secure-url.ts'
import { type IssuerConfig, issuerName } from '../identity/issuer.ts'
import { createFirebaseAdmin } from './firebase-admin.ts'
import { ServiceAccount } from './google-token.ts'
import type { AdminOf, IdentityAdmin, IdentityAdmins } from './port.ts'
import { createSupabaseAdmin, type SupabaseAdminOptions } from './supabase-admin.ts'

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
  CLAIMS_OBJECT: string
  issuers: readonly IssuerConfig[]
}

/** Makes the administration of a Supabase project. */
export type SupabaseAdminOf = (options: SupabaseAdminOptions) => IdentityAdmin

type Means = {
  fetch: typeof globalThis.fetch
  now: () => number
  supabaseAdminOf?: SupabaseAdminOf | undefined
  /** The administration of an issuer that the platform itself offers; a key in a variable goes before it. */
  ownAdminOf?: ((issuer: string) => AdminOf | undefined) | undefined
}

/** The administration of every issuer whose key is configured, or that is the platform's own. */
export function identityAdmins(
  config: Config,
  { fetch, now, supabaseAdminOf = createSupabaseAdmin, ownAdminOf }: Means,
): IdentityAdmins {
  const {
    FIREBASE_ADMIN_URL: firebaseUrl,
    FIREBASE_SERVICE_ACCOUNTS = [],
    SUPABASE_SERVICE_KEYS = {},
  } = config
  const configured = new Map(config.issuers.map((issuer) => [issuerName(issuer), issuer.claims]))
  const namesOf = (issuer: string) => configured.get(issuer) ?? { object: config.CLAIMS_OBJECT, others: {} }
  return new Map([
    ...[...configured].flatMap(([issuer, names]) => {
      const own = ownAdminOf?.(issuer)
      return own ? [[issuer, own(names)] as const] : []
    }),
    ...FIREBASE_SERVICE_ACCOUNTS.map((account) => {
      const issuer = issuerName({ projectId: account.project_id })
      return [
        issuer,
        createFirebaseAdmin({ account, url: firebaseUrl, names: namesOf(issuer), fetch, now }),
      ] as const
    }),
    ...Object.entries(SUPABASE_SERVICE_KEYS).map(([url, serviceKey]) => {
      const issuer = issuerName({ url })
      return [issuer, supabaseAdminOf({ url, serviceKey, names: namesOf(issuer), fetch })] as const
    }),
  ])
}
