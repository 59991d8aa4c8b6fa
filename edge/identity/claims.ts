import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import type { Principal } from './principal.ts'

/** Seconds that an issuer's clock may run ahead of ours. */
const CLOCK_SKEW_SECONDS = 5

const Name = z.string().min(1).max(100)
const Names = z.array(Name).max(100)

/** The last second of the year 9999. No token needs a later one. */
const LAST_SECOND = 253_402_300_799

/**
 * A time in a token: whole seconds since the epoch. `JSON.parse` reads `1e400` as Infinity, and a token that never ends
 * is none.
 */
export const TokenTime = z.int().min(0).max(LAST_SECOND)

/** The times for which a token is valid. When it was made is read with its issuer's own claims. */
export const TokenTimes = z.object({ exp: TokenTime, nbf: TokenTime.optional() })

/**
 * What the project's owner may say of a user: Firebase custom claims, or Supabase `app_metadata`. Null says as little as
 * nothing does.
 */
export const OwnerClaims = z.object({
  plan: Name.nullish(),
  role: Name.nullish(),
  roles: Names.nullish(),
  scopes: Names.nullish(),
  status: z.enum(['active', 'suspended']).nullish(),
})

/** The owner's claims as the principal's fields; `role` and `roles` become one list. */
export function entitlementsOf(
  claims: z.infer<typeof OwnerClaims>,
): Pick<Principal, 'plan' | 'status' | 'roles' | 'scopes'> {
  const { plan, role, roles, scopes, status } = claims
  return {
    plan: plan ?? undefined,
    status: status ?? 'active',
    scopes: scopes ?? undefined,
    roles: [...new Set([...(role == null ? [] : [role]), ...(roles ?? [])])],
  }
}

/**
 * Reads verified claims by a schema. The message names the claim and the rule, never the value.
 * @throws TwohopError token_claims_invalid where any claim does not fit: an unreadable plan, scope list or status must
 *   never count as absent
 */
export function readClaims<Schema extends z.ZodType>(schema: Schema, claims: unknown): z.infer<Schema> {
  const result = schema.safeParse(claims)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new TwohopError(
    'token_claims_invalid',
    `The token's claim \`${issue?.path.join('.')}\` is not acceptable: ${issue?.message}.`,
  )
}

/** @throws TwohopError token_not_yet_valid where `seconds` (since the epoch) is more than 5 s in the future */
export function assertPast(claim: string, seconds: number, nowSeconds: number): void {
  if (seconds <= nowSeconds + CLOCK_SKEW_SECONDS) return
  throw new TwohopError(
    'token_not_yet_valid',
    `The token's claim \`${claim}\` lies in the future. Check the clock of the machine that issued it.`,
  )
}
