import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { plainWords } from '../../shared/plain-words.ts'
import { MAX_TOKEN_AGE_MS } from '../store/lifetimes.ts'

/** Seconds that an issuer's clock may run ahead of ours. */
export const CLOCK_SKEW_SECONDS = 5

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
 * Reads verified claims by a schema. The message names the claim and the rule, never the value.
 * @param at the path of `claims` within the token
 * @throws TwohopError token_claims_invalid where any claim does not fit: an unreadable plan, scope list or status must
 *   never count as absent
 */
export function readClaims<Schema extends z.ZodType>(
  schema: Schema,
  claims: unknown,
  at: readonly string[] = [],
): z.infer<Schema> {
  const result = schema.safeParse(claims, { error: plainWords })
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new TwohopError(
    'token_claims_invalid',
    `The token's claim \`${[...at, ...(issue?.path ?? [])].join('.')}\` is not acceptable: ${issue?.message}.`,
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

/**
 * Checks when a token was issued. Whatever end it names, it is over after MAX_TOKEN_AGE_MS: for so long an account's record
 * knows that its tokens were revoked. Firebase's live for an hour, Supabase's for a week at most.
 * @throws TwohopError token_not_yet_valid or token_expired
 */
export function assertIssued(seconds: number, nowSeconds: number): void {
  assertPast('iat', seconds, nowSeconds)
  if (nowSeconds - seconds >= MAX_TOKEN_AGE_MS / 1000)
    throw new TwohopError(
      'token_expired',
      'The token was issued too long ago. Ask for a fresh one and try again.',
    )
}
