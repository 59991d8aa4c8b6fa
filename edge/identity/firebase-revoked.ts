import type { Auth } from 'firebase-admin/auth'
import { TwohopError } from '../../shared/errors.ts'
import type { Principal } from './principal.ts'

const RETRY_MS = 2000

/**
 * Asks Firebase whether a token of `project` was revoked since it was issued, or its user disabled. It costs a call to
 * Google each time, beside the edge's own records, which refuse at once what the edge itself was told.
 * @throws TwohopError token_revoked, account_suspended; keys_unavailable where Firebase does not answer
 */
export function createFirebaseRevoked(auth: Pick<Auth, 'verifyIdToken'>, project: string) {
  return async function requireNotRevoked(token: string, principal: Principal): Promise<void> {
    if (principal.issuer !== 'firebase' || principal.project !== project) return
    try {
      await auth.verifyIdToken(token, true)
    } catch (error) {
      throw refusal(error)
    }
  }
}

function refusal(error: unknown): TwohopError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'auth/id-token-revoked':
      return new TwohopError('token_revoked', 'This token was revoked; sign in again.')
    case 'auth/user-disabled':
      return new TwohopError('account_suspended', 'This account is suspended.')
    // The user was deleted after the token was issued.
    case 'auth/user-not-found':
      return new TwohopError('token_revoked', 'This token is of a user who is there no more.')
    default:
      return new TwohopError(
        'keys_unavailable',
        'Whether this token was revoked cannot be asked right now. Please try again.',
        { retryAfterMs: RETRY_MS, cause: error },
      )
  }
}
