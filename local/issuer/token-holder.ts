import { jwtVerify } from 'jose'
import type { Directory, LocalUser } from './directory.ts'
import type { SigningKey } from './jwks.ts'

type Options = {
  key: SigningKey
  issuer: string
  audience: string
  directory: Directory
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The user of a token, and its session where it names one; or why there is none. */
export type Holder =
  | { user: LocalUser; sessionId: string | undefined }
  | { wrong: 'invalid' | 'expired' | 'unknown_user' | 'session_ended' }

/** Builds the function that says whose a token of this issuer is. */
export function createTokenHolder({ key, issuer, audience, directory, now }: Options) {
  return async function tokenHolder(token: string): Promise<Holder> {
    const verified = await jwtVerify(token, key.publicJwk, {
      issuer,
      audience,
      algorithms: [key.alg],
      currentDate: new Date(now()),
      requiredClaims: ['sub', 'exp'],
    }).catch((error: { code?: string }) => error.code)
    if (typeof verified !== 'object') return { wrong: verified === 'ERR_JWT_EXPIRED' ? 'expired' : 'invalid' }
    const { sub = '', session_id } = verified.payload
    const sessionId = typeof session_id === 'string' ? session_id : undefined
    if (sessionId !== undefined && directory.isEnded(sessionId)) return { wrong: 'session_ended' }
    const user = directory.byId(sub)
    return user ? { user, sessionId } : { wrong: 'unknown_user' }
  }
}
