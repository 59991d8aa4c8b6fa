import { createExpiringMap } from '../../shared/expiring-map.ts'
import type { Principal, VerifyToken } from './principal.ts'

/** What a full verification found, and until when it holds. */
export type Verified = {
  principal: Principal
  /** The token's `exp` in milliseconds since the epoch. */
  expiresAt: number
}

/** Longest time in milliseconds that a verification is reused. */
const REUSE_MS = 5 * 60 * 1000
/** Some 300 bytes each. */
const MOST = 1000

/**
 * Remembers the last 1000 verified tokens by their SHA-256, each until it expires and for 5 minutes at most. A
 * refusal is never remembered.
 *
 * Why: measured in workerd, a verification takes some 150 us of CPU (the signature 40 of them) and a remembered
 * one 25, and a signed-in user sends the same token for an hour.
 *
 * What it costs: a key that the issuer withdraws stops a remembered token up to 5 minutes later. Nothing else
 * changes: whatever else is revoked (a session, a plan, a suspended account in the claims) shows with the user's
 * next token, with or without this memory.
 */
export function rememberVerified(
  verify: (token: string) => Promise<Verified>,
  now: () => number,
): VerifyToken {
  const remembered = createExpiringMap<string, Principal>({ capacity: MOST, now })

  return async function verifyToken(token) {
    const id = await sha256(token)
    const known = remembered.get(id)
    if (known !== undefined) return known

    const { principal, expiresAt } = await verify(token)
    remembered.set(id, Object.freeze(principal), Math.min(expiresAt, now() + REUSE_MS))
    return principal
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return String.fromCharCode(...new Uint8Array(digest))
}
