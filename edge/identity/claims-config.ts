import * as z from 'zod'
import { FIREBASE_OWN_CLAIMS } from './firebase.ts'
import { type ClaimNames, OWNER_FIELDS } from './owner-claims.ts'
import { SUPABASE_OWN_CLAIMS } from './supabase.ts'

/** Names that every object inherits. No claim is looked up or written by one. */
const isInherited = (name: string) => name in {}

/** `CLAIMS_OBJECT`: the claim, or the field of `app_metadata`, that holds what the owner says of a user. */
export const ClaimsObject = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,63}$/, 'is no name of letters, digits, _ and -, at most 64 of them')
  .refine((name) => !isInherited(name), 'is a name that every object has; take another')
  .refine(
    (name) => !FIREBASE_OWN_CLAIMS.has(name) && !SUPABASE_OWN_CLAIMS.has(name),
    'is a name that issuers use themselves; take another',
  )

/** `CLAIM_NAMES`: by issuer, the claims beside the object in which single fields are. `claimNamesOf` checks the rest. */
export const OtherClaimNames = z.record(
  z.string(),
  z.partialRecord(z.enum(OWNER_FIELDS), z.string().min(1).max(100)),
)

/** `ADMINISTERS`: by issuer, the issuers whose accounts its administrators administer. */
export const Administers = z.record(z.string(), z.array(z.string()).max(100))

/** Why a variable's value does not fit those of others. */
export type WrongVariable = {
  variable: string
  /** The way to it within the value, such as `.plans.0`; undefined for all of it. */
  within?: string
  wrong: string
}

type Config = {
  CLAIMS_OBJECT: string
  CLAIM_NAMES?: z.infer<typeof OtherClaimNames> | undefined
}

/** Where each issuer's tokens hold what the owner says, or why these variables cannot say so. */
export function claimNamesOf(
  { CLAIMS_OBJECT: object, CLAIM_NAMES = {} }: Config,
  issuers: ReadonlySet<string>,
): ReadonlyMap<string, ClaimNames> | WrongVariable {
  const byIssuer = new Map<string, ClaimNames>()
  for (const issuer of issuers) byIssuer.set(issuer, { object, others: {} })
  for (const [issuer, others] of Object.entries(CLAIM_NAMES)) {
    if (!issuers.has(issuer)) return { variable: 'CLAIM_NAMES', wrong: NO_ISSUER }
    for (const [field, name] of Object.entries(others)) {
      const wrong = wrongName(issuer, field, name, object)
      if (wrong !== undefined) return { variable: 'CLAIM_NAMES', within: `.${issuer}.${field}`, wrong }
    }
    byIssuer.set(issuer, { object, others })
  }
  return byIssuer
}

function wrongName(issuer: string, field: string, name: string, object: string): string | undefined {
  const firebase = issuer.startsWith('firebase:')
  if (firebase && field === 'email_verified') return "Firebase's tokens have a claim of their own for this"
  if (name === object) return 'is the object that CLAIMS_OBJECT names'
  if (isInherited(name)) return 'is a name that every object has'
  if ((firebase ? FIREBASE_OWN_CLAIMS : SUPABASE_OWN_CLAIMS).has(name))
    return 'is written by the issuer itself, from what a user chooses'
  return undefined
}

/** By issuer, the issuers whose accounts its administrators administer: its own, where nothing else is said. */
export function administersOf(
  said: z.infer<typeof Administers> = {},
  issuers: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> | WrongVariable {
  const byIssuer = new Map([...issuers].map((issuer) => [issuer, new Set([issuer])]))
  for (const [issuer, over] of Object.entries(said)) {
    const unknown = [issuer, ...over].find((name) => !issuers.has(name))
    if (unknown !== undefined) return { variable: 'ADMINISTERS', wrong: NO_ISSUER }
    byIssuer.set(issuer, new Set(over))
  }
  return byIssuer
}

/** The name is not shown: a secret may stand where it belongs. */
const NO_ISSUER =
  'has a name that is no issuer which is configured: each is firebase:<project id> or supabase:<host>'
