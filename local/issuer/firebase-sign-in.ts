import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import * as z from 'zod'
import type { AllowedOrigins } from '../../edge/access/origin-list.ts'
import { CLAIMS_OBJECT } from '../../edge/identity/owner-claims.ts'
import { placed } from '../../shared/placed.ts'
import { secondOf } from '../../shared/seconds.ts'
import { type Directory, DirectoryRefused, type LocalUser, MOST_USERS, type Session } from './directory.ts'
import { doorOf, type SignInEnv } from './door.ts'
import type { Mint } from './mint.ts'
import { hashPassword, isPassword } from './passwords.ts'
import type { createTokenHolder } from './token-holder.ts'

/** An error as the Identity Toolkit has it: `message` begins with the code that the SDK reads. */
class Refused extends Error {
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

/** What the SDK tells of itself besides is read over. */
const Text = z.string().max(4096)
const Profile = { displayName: Text.nullish(), photoUrl: Text.nullish() }
const SignUp = z.object({
  email: Text.optional(),
  password: Text.optional(),
  idToken: Text.optional(),
  ...Profile,
})
const SignIn = z.object({ email: Text.optional(), password: Text.optional() })
const Update = z.object({
  idToken: Text,
  email: Text.optional(),
  password: Text.optional(),
  deleteAttribute: z.array(Text).max(10).optional(),
  ...Profile,
})
const OfUser = z.object({ idToken: Text })
const Refresh = z.object({ grant_type: z.literal('refresh_token'), refresh_token: Text })

const EMAIL = z.email().max(254)
const SHORTEST_PASSWORD = 6
/** The Identity Toolkit never shows a hash either; the SDK only looks whether there is one. */
const REDACTED = Buffer.from('REDACTED').toString('base64')

type Options = {
  directory: Directory
  mint: Mint['mintFirebase']
  holderOf: ReturnType<typeof createTokenHolder>
  origins: AllowedOrigins
  projectId: string
  /** Life of a session's tokens in seconds. */
  ttlSeconds: number
}

/**
 * The part of Firebase's sign-in that works without mail, phone or another provider, at the paths of the Auth emulator
 * (`connectAuthEmulator`): the Identity Toolkit's `accounts:*` and the secure token service's `token`. Its tokens are
 * signed, which the SDK does not mind. Nothing sends mail here, so an address counts as proved.
 */
export function firebaseSignIn({
  directory,
  mint,
  holderOf,
  origins,
  projectId,
  ttlSeconds,
}: Options): Hono<SignInEnv> {
  const idTokenOf = ({ user, since }: Session) =>
    mint({
      uid: user.id,
      emailVerified: user.emailVerified,
      customClaims: { [CLAIMS_OBJECT]: user.owner },
      authTime: since,
      ...(user.email !== undefined && { email: user.email }),
      ...profileOf(user, 'name', 'picture'),
    })
  const signedIn = async (session: Session) => ({
    localId: session.user.id,
    ...(session.user.email !== undefined && { email: session.user.email }),
    idToken: await idTokenOf(session),
    refreshToken: session.refreshToken,
    expiresIn: String(ttlSeconds),
  })
  async function holder(idToken: string): Promise<LocalUser> {
    const held = await holderOf(idToken)
    if ('user' in held) return held.user
    throw new Refused(HOLDER_WRONG[held.wrong])
  }

  const calls: Record<string, (body: unknown) => Promise<object>> = {
    async 'accounts:signUp'(body) {
      const { email, password, idToken, ...profile } = read(SignUp, body)
      const anonymous = email === undefined && password === undefined
      const address = anonymous ? undefined : validEmail(email)
      const hash = anonymous ? undefined : await hashPassword(validPassword(password))
      const own = idToken === undefined ? undefined : await holder(idToken)
      if (own && address !== undefined) {
        // An anonymous user who gets an address keeps its id.
        directory.rename(own, address)
        Object.assign(own, { password: hash, emailVerified: true })
        return { kind: 'identitytoolkit#SignupNewUserResponse', ...(await signedIn(directory.signIn(own))) }
      }
      const user = directory.add({
        id: randomBytes(21).toString('base64url'),
        email: address,
        password: hash,
        emailVerified: !anonymous,
        owner: {},
        profile,
      })
      return { kind: 'identitytoolkit#SignupNewUserResponse', ...(await signedIn(directory.signIn(user))) }
    },
    async 'accounts:signInWithPassword'(body) {
      const { email, password } = read(SignIn, body)
      const user = directory.byEmail(validEmail(email))
      if (password === undefined || password === '') throw new Refused('MISSING_PASSWORD')
      if (!user?.password || !(await isPassword(password, user.password)))
        throw new Refused('INVALID_LOGIN_CREDENTIALS')
      return {
        kind: 'identitytoolkit#VerifyPasswordResponse',
        registered: true,
        ...profileOf(user, 'displayName', 'profilePicture'),
        ...(await signedIn(directory.signIn(user))),
      }
    },
    async 'accounts:lookup'(body) {
      const user = await holder(read(OfUser, body).idToken)
      return { kind: 'identitytoolkit#GetAccountInfoResponse', users: [accountOf(user)] }
    },
    async 'accounts:update'(body) {
      const { idToken, email, password, deleteAttribute = [], ...profile } = read(Update, body)
      const user = await holder(idToken)
      const hash = password === undefined ? undefined : await hashPassword(validPassword(password))
      if (email !== undefined) directory.rename(user, validEmail(email))
      const { displayName, photoUrl } = { ...user.profile, ...profile }
      user.profile = {
        ...(deleteAttribute.includes('DISPLAY_NAME') ? {} : { displayName }),
        ...(deleteAttribute.includes('PHOTO_URL') ? {} : { photoUrl }),
      }
      const tokens = hash === undefined && email === undefined ? {} : await signedInAnew(user, hash)
      return { kind: 'identitytoolkit#SetAccountInfoResponse', ...accountOf(user), ...tokens }
    },
    async 'accounts:delete'(body) {
      directory.remove(await holder(read(OfUser, body).idToken))
      return { kind: 'identitytoolkit#DeleteAccountResponse' }
    },
  }
  /**
   * A new password or address ends the sessions before it. One of the same second stays: its ID token would equal the new
   * one, and then the SDK keeps the refresh token that it has.
   */
  async function signedInAnew(user: LocalUser, hash: LocalUser['password']): Promise<object> {
    user.password = hash ?? user.password
    const session = directory.signIn(user)
    directory.end(user, ({ since }) => since < session.since)
    return signedIn(session)
  }

  const door = doorOf(origins, (status, words) => refusal(`PERMISSION_DENIED : ${words}`, status))
  return new Hono<SignInEnv>()
    .use('/identitytoolkit.googleapis.com/*', ...door)
    .use('/securetoken.googleapis.com/*', ...door)
    .post('/identitytoolkit.googleapis.com/v1/:call', async (c) => {
      const call = Object.hasOwn(calls, c.req.param('call')) ? calls[c.req.param('call')] : undefined
      if (!call) throw new Refused(NOT_HERE)
      return c.json(await call(await jsonOf(c)))
    })
    .post('/securetoken.googleapis.com/v1/token', async (c) => {
      const form = Refresh.safeParse(await formOf(c)).data
      if (!form) throw new Refused('INVALID_GRANT_TYPE')
      const session = directory.session(form.refresh_token)
      // After a restart nobody is known. With this code the SDK signs its user out, and the page can ask anew.
      if (!session) throw new Refused('TOKEN_EXPIRED')
      const token = await idTokenOf(session)
      return c.json({
        access_token: token,
        id_token: token,
        expires_in: String(ttlSeconds),
        token_type: 'Bearer',
        refresh_token: session.refreshToken,
        user_id: session.user.id,
        project_id: projectId,
      })
    })
    .all('/identitytoolkit.googleapis.com/*', () => refusal(NOT_HERE, 400))
    .onError((error) => {
      if (error instanceof Refused) return refusal(error.message, error.status)
      if (error instanceof DirectoryRefused) return refusal(DIRECTORY_REFUSED[error.code], 400)
      return refusal('INTERNAL_ERROR', 500)
    })
}

const NOT_HERE =
  'OPERATION_NOT_ALLOWED : Here users sign in with e-mail and password, or anonymously. For all else use the Firebase emulator.'

const DIRECTORY_REFUSED = {
  full: `QUOTA_EXCEEDED : There is no room for more than ${MOST_USERS} users here.`,
  email_taken: 'EMAIL_EXISTS',
  gone: 'USER_NOT_FOUND',
} as const

const HOLDER_WRONG = {
  invalid: 'INVALID_ID_TOKEN',
  expired: 'TOKEN_EXPIRED',
  session_ended: 'TOKEN_EXPIRED',
  unknown_user: 'USER_NOT_FOUND',
} as const

function refusal(message: string, status: number): Response {
  const reason = { message, reason: 'invalid', domain: 'global' }
  return Response.json({ error: { code: status, message, errors: [reason] } }, { status })
}

function accountOf(user: LocalUser): object {
  const { id, email, emailVerified, password, owner, createdAt, lastSignInAt } = user
  const profile = profileOf(user, 'displayName', 'photoUrl')
  return {
    localId: id,
    ...profile,
    ...(email !== undefined && {
      email,
      emailVerified,
      providerUserInfo: [{ providerId: 'password', rawId: email, federatedId: email, email, ...profile }],
    }),
    ...(password && { passwordHash: REDACTED }),
    createdAt: String(createdAt),
    lastLoginAt: String(lastSignInAt),
    validSince: String(secondOf(createdAt)),
    ...(Object.keys(owner).length > 0 && { customAttributes: JSON.stringify({ [CLAIMS_OBJECT]: owner }) }),
  }
}

/** The user's name and picture, under the names that this answer has for them. */
function profileOf({ profile }: LocalUser, name: string, picture: string): Record<string, string> {
  const { displayName, photoUrl } = profile
  return {
    ...(typeof displayName === 'string' && { [name]: displayName }),
    ...(typeof photoUrl === 'string' && { [picture]: photoUrl }),
  }
}

function validEmail(email: string | undefined): string {
  if (email === undefined || email === '') throw new Refused('MISSING_EMAIL')
  if (!EMAIL.safeParse(email).success) throw new Refused('INVALID_EMAIL')
  return email
}

function validPassword(password: string | undefined): string {
  if (password === undefined || password === '') throw new Refused('MISSING_PASSWORD')
  if (password.length < SHORTEST_PASSWORD)
    throw new Refused(`WEAK_PASSWORD : Password should be at least ${SHORTEST_PASSWORD} characters`)
  return password
}

function read<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const { data, error } = schema.safeParse(body)
  if (!error) return data
  const [wrong = ''] = error.issues.map(({ path, message }) => placed(path, message))
  throw new Refused(`INVALID_ARGUMENT : ${wrong}`)
}

async function jsonOf(c: Context): Promise<unknown> {
  return c.req.json().catch(() => {
    throw new Refused('INVALID_ARGUMENT : The body is no JSON.')
  })
}

/** The SDK sends a form, and the emulator takes JSON, too. */
async function formOf(c: Context): Promise<unknown> {
  return c.req.header('content-type')?.startsWith('application/json')
    ? jsonOf(c)
    : Object.fromEntries(new URLSearchParams(await c.req.text()))
}
