import { describe, expect, it } from 'vitest'
import { createDirectory, MOST_SESSIONS, MOST_USERS } from '../../../../local/issuer/directory.ts'

const NOW = 1_767_000_000_000
const somebody = (id: string, email?: string) => ({
  ...{ id, email, password: undefined, emailVerified: true, owner: {}, profile: {} },
})

describe('the directory of local users', () => {
  it('finds a user by its address in any case, and gives an address to one alone', () => {
    const directory = createDirectory(() => NOW)
    const ann = directory.add(somebody('1', 'Ann@Example.com'))
    expect(directory.byEmail('ANN@example.com')).toBe(ann)
    expect(() => directory.add(somebody('2', 'ann@example.com'))).toThrow(
      expect.objectContaining({ code: 'email_taken' }),
    )
    const bob = directory.add(somebody('3', 'bob@example.com'))
    expect(() => directory.rename(bob, 'ann@example.com')).toThrow(
      expect.objectContaining({ code: 'email_taken' }),
    )
    expect(bob.email).toBe('bob@example.com')
    directory.rename(bob, 'bert@example.com')
    expect(directory.byEmail('bob@example.com')).toBeUndefined()
    directory.remove(ann)
    expect(directory.byId('1')).toBeUndefined()
    expect(directory.add(somebody('2', 'ann@example.com')).id).toBe('2')
  })

  it('gives nothing more to a user who was deleted meanwhile', () => {
    const directory = createDirectory(() => NOW)
    const ann = directory.add(somebody('1', 'ann@example.com'))
    directory.remove(ann)
    for (const late of [() => directory.rename(ann, 'ann@new.example'), () => directory.signIn(ann)])
      expect(late).toThrow(expect.objectContaining({ code: 'gone' }))
    expect(directory.add(somebody('2', 'ann@new.example')).email).toBe('ann@new.example')
    // Another with the same id is another user.
    directory.add(somebody('1'))
    expect(() => directory.signIn(ann)).toThrow(expect.objectContaining({ code: 'gone' }))
  })

  it('takes so many users and no more', () => {
    const directory = createDirectory(() => NOW)
    for (let i = 0; i < MOST_USERS; i++) directory.add(somebody(String(i)))
    expect(() => directory.add(somebody('one more'))).toThrow(expect.objectContaining({ code: 'full' }))
  })

  it('takes the newest refresh token and the one before it, no older one, and none of an ended session', () => {
    const directory = createDirectory(() => NOW)
    const user = directory.add(somebody('1'))
    const session = directory.signIn(user)
    const other = directory.signIn(user)
    const first = session.refreshToken
    directory.rotate(session)
    const second = session.refreshToken
    expect([first, second].map((token) => directory.session(token))).toEqual([session, session])
    directory.rotate(session)
    expect(directory.session(first)).toBeUndefined()
    directory.end(user, ({ id }) => id === session.id)
    expect([second, session.refreshToken].map((token) => directory.session(token))).toEqual([
      undefined,
      undefined,
    ])
    expect([session.id, other.id, 'of a demo token'].map((id) => directory.isEnded(id))).toEqual([
      true,
      false,
      false,
    ])
    expect(directory.session(other.refreshToken)).toBe(other)
    directory.remove(user)
    expect(directory.session(other.refreshToken)).toBeUndefined()
  })

  it('forgets the oldest session where there are too many', () => {
    const directory = createDirectory(() => NOW)
    const user = directory.add(somebody('1'))
    const [first, second] = Array.from({ length: MOST_SESSIONS + 1 }, () => directory.signIn(user))
    expect(directory.session(first?.refreshToken ?? '')).toBeUndefined()
    expect(directory.session(second?.refreshToken ?? '')).toBe(second)
  })
})
