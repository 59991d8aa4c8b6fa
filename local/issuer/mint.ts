import { randomUUID } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import { secondOf } from '../../shared/seconds.ts'
import type { SigningKey, SigningKeys } from './jwks.ts'

/** A user as Firebase Authentication knows one. */
export type FirebaseUser = {
  uid: string
  name?: string
  picture?: string
  /** A user without one is anonymous, unless `provider` says otherwise. */
  email?: string
  /** Default true. */
  emailVerified?: boolean
  /** `firebase.sign_in_provider`; default `password` with an e-mail and `anonymous` without. */
  provider?: string
  /** What the owner sets with the Admin SDK: the object of edge/identity/owner-claims.ts, and the claims of an app. */
  customClaims?: Readonly<Record<string, unknown>>
  /** Seconds since the epoch, when the user signed in. Default now. */
  authTime?: number
}

/** A user as Supabase Auth knows one. */
export type SupabaseUser = {
  /** UUID. */
  id: string
  /** A user without one is anonymous. */
  email?: string
  /** What the owner sets: the same, and the fields of an app. */
  appMetadata?: Readonly<Record<string, unknown>>
  /** What the user sent at sign-up. */
  userMetadata?: Record<string, unknown>
  /** The session, and when it began, in seconds since the epoch. Default a new one. */
  session?: { id: string; since: number }
}

/** Signs tokens with the claims and headers of real ones. */
export type Mint = {
  mintFirebase: (user: FirebaseUser) => Promise<string>
  mintSupabase: (user: SupabaseUser) => Promise<string>
}

export type MintOptions = {
  keys: SigningKeys
  /** Firebase project id: the audience, and the end of `iss`. */
  projectId: string
  /** Supabase project URL; `iss` is this with `/auth/v1`. */
  supabaseUrl: string
  /** Life of a token in seconds. */
  ttlSeconds: number
  /** Milliseconds since the epoch. */
  now: () => number
}

const DAY_SECONDS = 24 * 60 * 60

/** Makes the functions that sign tokens. @throws RangeError where `ttlSeconds` is not between one second and a day */
export function createMint({ keys, projectId, supabaseUrl, ttlSeconds, now }: MintOptions): Mint {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > DAY_SECONDS) {
    throw new RangeError(`A token's life must be a whole number of 1 to ${DAY_SECONDS} seconds.`)
  }
  return {
    mintFirebase: (user) => sign(keys.firebase, firebaseClaims(user, projectId, secondOf(now()), ttlSeconds)),
    mintSupabase: (user) =>
      sign(keys.supabase, supabaseClaims(user, supabaseUrl, secondOf(now()), ttlSeconds)),
  }
}

/** Signs claims as an issuer does. */
export function sign({ alg, kid, privateKey }: SigningKey, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(privateKey)
}

function firebaseClaims(user: FirebaseUser, projectId: string, iat: number, ttlSeconds: number): JWTPayload {
  const { uid, name, picture, email, emailVerified = true, customClaims, authTime = iat } = user
  const provider = user.provider ?? (email === undefined ? 'anonymous' : 'password')
  return {
    ...(name !== undefined && { name }),
    ...(picture !== undefined && { picture }),
    ...(provider === 'anonymous' && { provider_id: 'anonymous' }),
    ...customClaims,
    iss: `https://securetoken.google.com/${projectId}`,
    aud: projectId,
    auth_time: authTime,
    user_id: uid,
    sub: uid,
    iat,
    exp: iat + ttlSeconds,
    ...(email !== undefined && { email, email_verified: emailVerified }),
    firebase: { identities: email === undefined ? {} : { email: [email] }, sign_in_provider: provider },
  }
}

/** Claims and their order as a real Supabase Auth server 2.196 sends them. */
function supabaseClaims(user: SupabaseUser, url: string, iat: number, ttlSeconds: number): JWTPayload {
  const { id, email, appMetadata, userMetadata = {}, session = { id: randomUUID(), since: iat } } = user
  const anonymous = email === undefined
  return {
    iss: `${url}/auth/v1`,
    sub: id,
    aud: 'authenticated',
    exp: iat + ttlSeconds,
    iat,
    email: email ?? '',
    phone: '',
    app_metadata: { ...(!anonymous && { provider: 'email', providers: ['email'] }), ...appMetadata },
    user_metadata: userMetadata,
    role: 'authenticated',
    aal: 'aal1',
    amr: [{ method: anonymous ? 'anonymous' : 'password', timestamp: session.since }],
    session_id: session.id,
    is_anonymous: anonymous,
  }
}
