import * as z from 'zod'
import { readClaims } from './claims.ts'
import type { Principal } from './principal.ts'

const Name = z.string().min(1).max(100)
const Names = z.array(Name).max(100)

/** What the project's owner may say of a user. Null says as little as nothing does. */
const OWNER = {
  plan: Name.nullish(),
  role: Name.nullish(),
  roles: Names.nullish(),
  scopes: Names.nullish(),
  status: z.enum(['active', 'suspended']).nullish(),
  /** Supabase's tokens have no claim of their own for this; Firebase's have. */
  email_verified: z.boolean().nullish(),
}
export type OwnerField = keyof typeof OWNER
export const OWNER_FIELDS = Object.keys(OWNER) as OwnerField[]

/**
 * Where the tokens of one issuer hold what the owner says. It is one object, so that a claim of the owner's own app, such
 * as its own `role`, is never taken for a grant here. A field in `others` is read from the claim of that name beside the
 * object, and from there alone.
 */
export type ClaimNames = {
  object: string
  others: Readonly<Partial<Record<OwnerField, string>>>
}

export const CLAIMS_OBJECT = 'twohop'

type Said = Pick<Principal, 'plan' | 'status' | 'roles' | 'scopes'> & { emailVerified: boolean | undefined }
type Held = Readonly<Record<string, unknown>>

/**
 * What the owner says of a user. `role` and `roles` become one list.
 * @param held Firebase's claims, or Supabase's `app_metadata`
 * @param at the path of `held` within the token, for messages
 * @throws TwohopError as readClaims
 */
export function ownerSays(held: Held, { object, others }: ClaimNames, at: readonly string[]): Said {
  const path = [...at, object]
  const own = readClaims(z.record(z.string(), z.unknown()).nullish(), ownValue(held, object), path) ?? {}
  function read<Schema extends z.ZodType>(field: OwnerField, schema: Schema): z.infer<Schema> {
    const other = others[field]
    return other === undefined
      ? readClaims(schema, ownValue(own, field), [...path, field])
      : readClaims(schema, ownValue(held, other), [...at, other])
  }
  const [role, roles] = [read('role', OWNER.role), read('roles', OWNER.roles) ?? []]
  return {
    plan: read('plan', OWNER.plan) ?? undefined,
    status: read('status', OWNER.status) ?? 'active',
    scopes: read('scopes', OWNER.scopes) ?? undefined,
    roles: [...new Set(role == null ? roles : [role, ...roles])],
    emailVerified: read('email_verified', OWNER.email_verified) ?? undefined,
  }
}

/**
 * The fields that stand beside the object under our own names and are not read from there: an app's own claims, or an
 * owner who meant them for us.
 */
export function notRead(held: Held, { others }: ClaimNames): OwnerField[] {
  const read = new Set(Object.values(others))
  return OWNER_FIELDS.filter((field) => ownValue(held, field) != null && !read.has(field))
}

/** A name may be one that every object inherits, such as `constructor`. */
const ownValue = (held: Held, name: string): unknown => (Object.hasOwn(held, name) ? held[name] : undefined)
