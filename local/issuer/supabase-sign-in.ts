import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import * as z from 'zod'
import type { AllowedOrigins } from '../../edge/access/origin-list.ts'
import { CLAIMS_OBJECT } from '../../edge/identity/owner-claims.ts'
import { placed } from '../../shared/placed.ts'
import { secondOf } from '../../shared/seconds.ts'
import { type Directory, DirectoryRefused, type LocalUser, MOST_USERS, type Session } from './directory.ts'
import { doorOf, type SignInEnv } from './door.ts'
import type { Mint, SupabaseUser } from './mint.ts'
import { hashPassword, isPassword } from './passwords.ts'
import type { createTokenHolder, Holder } from './token-holder.ts'

/** An error as Supabase Auth has it (supabase.com/docs/guides/auth/debugging/error-codes). */
class Refused extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const Text = z.string().max(4096)
/** The most characters of what a user says of itself, as JSON: it is in each of its tokens. */
const MOST_METADATA = 4096
const Metadata = z.record(z.string(), z.unknown()).nullish()
/** Clients add what is about captchas and links in mails, which there are none of. */
const SignUp = z.object({
  email: Text.nullish(),
  password: Text.nullish(),
  phone: Text.nullish(),
  data: Metadata,
})
const Password = z.object({ email: Text.nullish(), password: Text.nullish() })
const Refresh = z.object({ refresh_token: Text })
const Update = z.object({ email: Text.nullish(), password: Text.nullish(), data: Metadata })

const EMAIL = z.email().max(254)
const SHORTEST_PASSWORD = 6
/** bcrypt, which the real server hashes with, reads no more bytes; it refuses what is longer. */
const LONGEST_PASSWORD_BYTES = 72
/** The version from which on errors have their code in `code`. */
const CODES_SINCE = '2024-01-01'
const VERSION_HEADER = 'x-supabase-api-version'

type Options = {
  directory: Directory
  mint: Mint['mintSupabase']
  holderOf: ReturnType<typeof createTokenHolder>
  origins: AllowedOrigins
  /** Life of a session's tokens in seconds. */
  ttlSeconds: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * The part of Supabase Auth's REST calls that works without mail, phone or another provider, as `supabase-js` makes them:
 * under `/auth/v1`. Nothing sends mail here, so the address of whoever signs up counts as proved, and signing up signs in, as in a
 * project that confirms by itself. A user whose address is not proved cannot sign in, as in a project that confirms by mail.
 */
export function supabaseSignIn({
  directory,
  mint,
  holderOf,
  origins,
  ttlSeconds,
  now,
}: Options): Hono<SignInEnv> {
  async function signedIn(session: Session): Promise<object> {
    const { user, id, since, refreshToken } = session
    return {
      access_token: await mint({ ...mintedOf(user), session: { id, since } }),
      token_type: 'bearer',
      expires_in: ttlSeconds,
      expires_at: secondOf(now()) + ttlSeconds,
      refresh_token: refreshToken,
      user: accountOf(user),
    }
  }
  async function holder(c: Context): Promise<Extract<Holder, { user: LocalUser }>> {
    const [, token] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
    if (token === undefined)
      throw new Refused(401, 'no_authorization', 'This endpoint requires a valid Bearer token')
    const held = await holderOf(token)
    if ('user' in held) return held
    const { code, message } = HOLDER_WRONG[held.wrong]
    throw new Refused(403, code, message)
  }

  const grants: Record<string, (body: unknown) => Promise<object>> = {
    async password(body) {
      const { email, password } = read(Password, body)
      const user = directory.byEmail(email ?? '')
      if (!password || !user?.password || !(await isPassword(password, user.password)))
        throw new Refused(400, 'invalid_credentials', 'Invalid login credentials')
      if (!user.emailVerified) throw new Refused(400, 'email_not_confirmed', 'Email not confirmed')
      return signedIn(directory.signIn(user))
    },
    async refresh_token(body) {
      const { refresh_token: token } = read(Refresh, body)
      const session = directory.session(token)
      if (!session)
        throw new Refused(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found')
      // The answer with the newest token may have been lost, so the one before it gets that once more.
      if (session.refreshToken === token) directory.rotate(session)
      return signedIn(session)
    },
  }

  const door = doorOf(origins, (status, words) => refusal(undefined, status, 'not_allowed_here', words))
  return new Hono<SignInEnv>()
    .basePath('/auth/v1')
    .use('*', ...door)
    .post('/signup', async (c) => {
      const { email, password, phone, data } = read(SignUp, await jsonOf(c))
      if (phone) throw new Refused(400, 'phone_provider_disabled', 'Phone signups are disabled')
      const anonymous = !email && !password
      const address = anonymous ? undefined : validEmail(email)
      const hash = anonymous ? undefined : await hashPassword(validPassword(password))
      const user = directory.add({
        id: randomUUID(),
        email: address,
        password: hash,
        emailVerified: !anonymous,
        owner: {},
        profile: validMetadata(data ?? {}),
      })
      return c.json(await signedIn(directory.signIn(user)))
    })
    .post('/token', async (c) => {
      const kind = c.req.query('grant_type') ?? ''
      const grant = Object.hasOwn(grants, kind) ? grants[kind] : undefined
      if (!grant) throw new Refused(400, 'unsupported_grant_type', NOT_HERE)
      return c.json(await grant(await jsonOf(c)))
    })
    .get('/user', async (c) => c.json(accountOf((await holder(c)).user)))
    .put('/user', async (c) => {
      const { user } = await holder(c)
      const { email, password, data } = read(Update, await jsonOf(c))
      const hash = password ? await hashPassword(validPassword(password)) : user.password
      const profile = validMetadata({ ...user.profile, ...data })
      if (email) directory.rename(user, validEmail(email))
      Object.assign(user, { password: hash, profile, emailVerified: user.emailVerified || Boolean(email) })
      return c.json(accountOf(user))
    })
    .post('/logout', async (c) => {
      const { user, sessionId } = await holder(c)
      const scope = c.req.query('scope') ?? 'global'
      if (scope !== 'global' && scope !== 'local' && scope !== 'others')
        throw new Refused(400, 'validation_failed', 'scope must be global, local or others')
      directory.end(user, ({ id }) => scope === 'global' || (scope === 'local') === (id === sessionId))
      return c.body(null, 204)
    })
    .get('/settings', (c) => c.json(SETTINGS))
    .get('/health', (c) =>
      c.json({ name: 'GoTrue', description: 'a local stand-in of Supabase Auth', version: '' }),
    )
    .all('*', (c) => refusal(c, 404, 'not_found', NOT_HERE))
    .onError((error, c) => {
      if (error instanceof Refused) return refusal(c, error.status, error.code, error.message)
      if (error instanceof DirectoryRefused) {
        const { status, code, message } = DIRECTORY_REFUSED[error.code]
        return refusal(c, status, code, message)
      }
      return refusal(c, 500, 'unexpected_failure', 'Internal Server Error')
    })
}

const NOT_HERE =
  'Here users sign in with e-mail and password, or anonymously. For all else use `supabase start` or a project.'

const DIRECTORY_REFUSED = {
  full: {
    status: 429,
    code: 'over_request_rate_limit',
    message: `There is no room for more than ${MOST_USERS} users here.`,
  },
  email_taken: { status: 422, code: 'user_already_exists', message: 'User already registered' },
  gone: { status: 403, code: 'user_not_found', message: 'User from sub claim in JWT does not exist' },
} as const

const HOLDER_WRONG = {
  invalid: { code: 'bad_jwt', message: 'invalid JWT: unable to parse or verify signature' },
  expired: { code: 'bad_jwt', message: 'invalid JWT: token is expired' },
  session_ended: {
    code: 'session_not_found',
    message: 'Session from session_id claim in JWT does not exist',
  },
  unknown_user: { code: 'user_not_found', message: 'User from sub claim in JWT does not exist' },
} as const

/** What the sign-in page of a client asks for. */
const SETTINGS = {
  external: { email: true, phone: false, anonymous_users: true },
  disable_signup: false,
  mailer_autoconfirm: true,
  phone_autoconfirm: false,
  sms_provider: '',
  saml_enabled: false,
}

function refusal(c: Context | undefined, status: number, code: string, message: string): Response {
  const newest = (c?.req.header(VERSION_HEADER) ?? CODES_SINCE) >= CODES_SINCE
  return newest
    ? Response.json({ code, message }, { status, headers: { [VERSION_HEADER]: CODES_SINCE } })
    : Response.json({ code: status, error_code: code, msg: message }, { status })
}

/** What a token says of a user. */
function mintedOf({ id, email, owner, emailVerified, profile }: LocalUser): SupabaseUser {
  if (email === undefined) return { id, userMetadata: profile }
  const said = { ...owner, ...(emailVerified && { email_verified: true }) }
  return { id, email, userMetadata: profile, appMetadata: { [CLAIMS_OBJECT]: said } }
}

function accountOf(user: LocalUser): object {
  const { id, email, emailVerified, profile, createdAt, lastSignInAt } = user
  const created_at = new Date(createdAt).toISOString()
  const last_sign_in_at = new Date(lastSignInAt).toISOString()
  const provider = { provider: 'email', providers: ['email'] }
  return {
    id,
    aud: 'authenticated',
    role: 'authenticated',
    email: email ?? '',
    phone: '',
    ...(emailVerified && email !== undefined && { email_confirmed_at: created_at, confirmed_at: created_at }),
    last_sign_in_at,
    app_metadata: email === undefined ? {} : { ...provider, ...mintedOf(user).appMetadata },
    user_metadata: profile,
    identities:
      email === undefined
        ? []
        : [
            {
              identity_id: id,
              id,
              user_id: id,
              identity_data: { email, email_verified: emailVerified, phone_verified: false, sub: id },
              provider: 'email',
              email,
              last_sign_in_at,
              created_at,
              updated_at: last_sign_in_at,
            },
          ],
    created_at,
    updated_at: last_sign_in_at,
    is_anonymous: email === undefined,
  }
}

function validEmail(email: string | null | undefined): string {
  if (!email || !EMAIL.safeParse(email).success)
    throw new Refused(400, 'validation_failed', 'Unable to validate email address: invalid format')
  return email
}

function validPassword(password: string | null | undefined): string {
  if (!password) throw new Refused(400, 'validation_failed', 'Signup requires a valid password')
  if (password.length < SHORTEST_PASSWORD)
    throw new Refused(422, 'weak_password', `Password should be at least ${SHORTEST_PASSWORD} characters.`)
  if (Buffer.byteLength(password) > LONGEST_PASSWORD_BYTES)
    throw new Refused(
      400,
      'validation_failed',
      `Password cannot be longer than ${LONGEST_PASSWORD_BYTES} characters`,
    )
  return password
}

function validMetadata(data: Record<string, unknown>): Record<string, unknown> {
  if (JSON.stringify(data).length <= MOST_METADATA) return data
  throw new Refused(400, 'validation_failed', `data: more than ${MOST_METADATA} characters as JSON`)
}

function read<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const { data, error } = schema.safeParse(body)
  if (!error) return data
  const [wrong = ''] = error.issues.map(({ path, message }) => placed(path, message))
  throw new Refused(400, 'validation_failed', wrong)
}

async function jsonOf(c: Context): Promise<unknown> {
  return c.req.json().catch(() => {
    throw new Refused(400, 'bad_json', 'Could not read the body as JSON')
  })
}
