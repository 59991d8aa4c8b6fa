import { randomBytes, randomUUID } from 'node:crypto'
import { secondOf } from '../../shared/seconds.ts'
import type { PasswordHash } from './passwords.ts'

/** A user of one of the two platforms. */
export type LocalUser = {
  readonly id: string
  /** In lower case; a user without one is anonymous. */
  email: string | undefined
  password: PasswordHash | undefined
  emailVerified: boolean
  /** What the project's owner says of the user. No request writes here. */
  readonly owner: Readonly<Record<string, unknown>>
  /** What the user says of itself: a name, or anything. Nothing here is a right. */
  profile: Record<string, unknown>
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  lastSignInAt: number
}

/** One sign-in of a user. */
export type Session = {
  readonly id: string
  readonly user: LocalUser
  /** Seconds since the epoch, when the user signed in. */
  readonly since: number
  refreshToken: string
  /** The token before it, which stays good until the new one is used: its answer may have been lost. */
  previous: string | undefined
  ended: boolean
}

/** The users of one platform and their sessions, in memory. */
export type Directory = {
  byEmail(email: string): LocalUser | undefined
  byId(id: string): LocalUser | undefined
  /** @throws DirectoryRefused where the address is taken or there is no room */
  add(user: Omit<LocalUser, 'createdAt' | 'lastSignInAt'>): LocalUser
  /** Puts back one whom it had before, unless the id or the address is taken or there is no room. */
  restore(user: LocalUser): void
  all(): readonly LocalUser[]
  /** Gives a user another address. @throws DirectoryRefused where it is taken, or the user was deleted */
  rename(user: LocalUser, email: string): void
  remove(user: LocalUser): void
  /** @throws DirectoryRefused where the user was deleted */
  signIn(user: LocalUser): Session
  /** The session of a refresh token that still holds. */
  session(refreshToken: string): Session | undefined
  /** Gives a session its next refresh token; the one before the last is refused from then on. */
  rotate(session: Session): void
  /** Whether a session was ended here. One that is not known was not. */
  isEnded(sessionId: string): boolean
  /** Ends the sessions of a user: all, this one, or all others. */
  end(user: LocalUser, which?: (session: Session) => boolean): void
}

/** `gone`: the user was deleted meanwhile, since a password takes time to hash. */
type Refusal = 'email_taken' | 'full' | 'gone'

export class DirectoryRefused extends Error {
  readonly code: Refusal

  constructor(code: Refusal) {
    super(WORDS[code])
    this.code = code
  }
}

export const MOST_USERS = 1000
const WORDS: Readonly<Record<Refusal, string>> = {
  email_taken: 'the address is taken',
  full: `no room for more than ${MOST_USERS} users`,
  gone: 'the user was deleted',
}
/** Beyond these the oldest is forgotten, and its refresh token with it. */
export const MOST_SESSIONS = 5000
const REFRESH_TOKEN_BYTES = 24

/** Makes an empty directory. @param now milliseconds since the epoch */
export function createDirectory(now: () => number): Directory {
  const byId = new Map<string, LocalUser>()
  const byEmail = new Map<string, LocalUser>()
  const sessions = new Map<string, Session>()
  const byToken = new Map<string, Session>()

  function forgetTokens({ refreshToken, previous }: Session): void {
    byToken.delete(refreshToken)
    if (previous !== undefined) byToken.delete(previous)
  }
  function end(user: LocalUser, which: (session: Session) => boolean = () => true): void {
    for (const session of sessions.values())
      if (session.user === user && which(session)) {
        session.ended = true
        forgetTokens(session)
      }
  }
  function claim(user: LocalUser, email: string): void {
    const holder = byEmail.get(email)
    if (holder !== undefined && holder !== user) throw new DirectoryRefused('email_taken')
    byEmail.set(email, user)
  }

  function requireThere(user: LocalUser): void {
    if (byId.get(user.id) !== user) throw new DirectoryRefused('gone')
  }

  return {
    byEmail: (email) => byEmail.get(email.toLowerCase()),
    byId: (id) => byId.get(id),
    add(user) {
      if (byId.size >= MOST_USERS) throw new DirectoryRefused('full')
      const at = now()
      const added = { ...user, email: user.email?.toLowerCase(), createdAt: at, lastSignInAt: at }
      if (added.email !== undefined) claim(added, added.email)
      byId.set(added.id, added)
      return added
    },
    restore(user) {
      const isTaken = byId.has(user.id) || (user.email !== undefined && byEmail.has(user.email))
      if (isTaken || byId.size >= MOST_USERS) return
      byId.set(user.id, user)
      if (user.email !== undefined) byEmail.set(user.email, user)
    },
    all: () => [...byId.values()],
    rename(user, email) {
      requireThere(user)
      const before = user.email
      user.email = email.toLowerCase()
      try {
        claim(user, user.email)
      } catch (error) {
        user.email = before
        throw error
      }
      if (before !== undefined && before !== user.email) byEmail.delete(before)
    },
    remove(user) {
      byId.delete(user.id)
      if (user.email !== undefined) byEmail.delete(user.email)
      end(user)
    },
    signIn(user) {
      requireThere(user)
      const at = now()
      user.lastSignInAt = at
      const since = secondOf(at)
      const session = {
        id: randomUUID(),
        user,
        since,
        refreshToken: newToken(),
        previous: undefined,
        ended: false,
      }
      sessions.set(session.id, session)
      byToken.set(session.refreshToken, session)
      for (const [id, oldest] of sessions) {
        if (sessions.size <= MOST_SESSIONS) break
        sessions.delete(id)
        forgetTokens(oldest)
      }
      return session
    },
    session: (refreshToken) => byToken.get(refreshToken),
    rotate(session) {
      if (session.previous !== undefined) byToken.delete(session.previous)
      session.previous = session.refreshToken
      session.refreshToken = newToken()
      byToken.set(session.refreshToken, session)
    },
    isEnded: (id) => sessions.get(id)?.ended === true,
    end,
  }
}

const newToken = () => randomBytes(REFRESH_TOKEN_BYTES).toString('base64url')
