import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { DEMO_PASSWORD } from '../../../local/issuer/demo-users.ts'
import { type Answer, signInIssuer } from './issuer.ts'

// The calls are those that the SDK makes after `connectAuthEmulator` (firebase 12, @firebase/auth/src/api).

async function world() {
  const { issuer, call, verify } = await signInIssuer()
  const accounts = (name: string, body: object) =>
    call(`/identitytoolkit.googleapis.com/v1/accounts:${name}?key=any`, { body })
  const refresh = (token: unknown) =>
    call('/securetoken.googleapis.com/v1/token?key=any', {
      form: { grant_type: 'refresh_token', refresh_token: String(token) },
    })
  return { issuer, call, verify, accounts, refresh }
}
const codeOf = ({ status, body }: Answer) => [status, (body.error as { message: string }).message]
const ANN = { email: 'Ann@example.com', password: 'secret12' }

describe('sign-in as Firebase has it', () => {
  it('signs up, lets the edge verify the token, and gives a fresh one of the same sign-in', async () => {
    const { accounts, refresh, verify } = await world()
    const { status, body } = await accounts('signUp', {
      ...ANN,
      returnSecureToken: true,
      clientType: 'CLIENT_TYPE_WEB',
    })
    expect([status, body]).toEqual([
      200,
      {
        kind: 'identitytoolkit#SignupNewUserResponse',
        localId: expect.stringMatching(/^[\w-]{28}$/),
        email: 'ann@example.com',
        idToken: expect.any(String),
        refreshToken: expect.any(String),
        expiresIn: '3600',
      },
    ])
    expect(await verify(String(body.idToken))).toMatchObject({
      ...{ issuer: 'firebase', subject: body.localId, anonymous: false, emailVerified: true },
      ...{ plan: undefined, roles: [], status: 'active' },
    })
    const fresh = await refresh(body.refreshToken)
    expect([fresh.status, fresh.body]).toEqual([
      200,
      {
        access_token: expect.any(String),
        id_token: fresh.body.access_token,
        expires_in: '3600',
        token_type: 'Bearer',
        refresh_token: body.refreshToken,
        user_id: body.localId,
        project_id: 'twohop-local',
      },
    ])
    expect(decodeJwt(String(fresh.body.id_token)).auth_time).toBe(decodeJwt(String(body.idToken)).auth_time)
  })

  it('signs demo users in with the rights that their owner gave', async () => {
    const { accounts, verify } = await world()
    const signIn = async (name: string) => {
      const { body } = await accounts('signInWithPassword', {
        email: `${name}@example.com`,
        password: DEMO_PASSWORD,
      })
      return verify(String(body.idToken))
    }
    expect(await signIn('free')).toMatchObject({ subject: 'demo-free', plan: undefined, emailVerified: true })
    expect(await signIn('pro')).toMatchObject({ subject: 'demo-pro', plan: 'pro' })
    expect(await signIn('admin')).toMatchObject({ roles: ['admin'] })
    expect(await signIn('unverified')).toMatchObject({ emailVerified: false })
  })

  it('signs in without an address, and gives one to that same user', async () => {
    const { accounts, verify } = await world()
    const { body } = await accounts('signUp', { returnSecureToken: true })
    expect(await verify(String(body.idToken))).toMatchObject({ anonymous: true })
    const linked = await accounts('signUp', { ...ANN, idToken: body.idToken })
    expect(linked.body.localId).toBe(body.localId)
    expect(await verify(String(linked.body.idToken))).toMatchObject({
      ...{ subject: body.localId, anonymous: false, emailVerified: true },
    })
    expect((await accounts('signInWithPassword', ANN)).body.localId).toBe(body.localId)
  })

  it('shows and changes what a user says of itself, and nothing of it is a right', async () => {
    const { accounts, refresh, verify } = await world()
    const { body } = await accounts('signUp', {
      ...{ ...ANN, displayName: 'Ann' },
      ...{ customAttributes: '{"twohop":{"plan":"pro"}}', twohop: { plan: 'pro' }, role: 'admin' },
    })
    await accounts('update', {
      ...{ idToken: body.idToken, displayName: 'Anna', photoUrl: null },
      ...{ customAttributes: '{"twohop":{"role":"admin"}}', emailVerified: true },
    })
    const { body: found } = await accounts('lookup', { idToken: body.idToken })
    expect(found.users).toEqual([
      {
        localId: body.localId,
        displayName: 'Anna',
        email: 'ann@example.com',
        emailVerified: true,
        providerUserInfo: [expect.objectContaining({ providerId: 'password', email: 'ann@example.com' })],
        passwordHash: 'UkVEQUNURUQ=',
        createdAt: expect.stringMatching(/^\d{13}$/),
        lastLoginAt: expect.stringMatching(/^\d{13}$/),
        validSince: expect.stringMatching(/^\d{10}$/),
      },
    ])
    const token = String((await refresh(body.refreshToken)).body.id_token)
    expect(decodeJwt(token)).toMatchObject({ name: 'Anna', twohop: {} })
    expect(await verify(token)).toMatchObject({ plan: undefined, roles: [] })
    expect((await accounts('delete', { idToken: token })).status).toBe(200)
    expect(codeOf(await accounts('lookup', { idToken: token }))).toEqual([400, 'USER_NOT_FOUND'])
    expect(codeOf(await refresh(body.refreshToken))).toEqual([400, 'TOKEN_EXPIRED'])
  })

  it('refuses in the words that the SDK turns into its codes', async () => {
    const { accounts, call } = await world()
    await accounts('signUp', ANN)
    const refused = async (name: string, fields: object) => codeOf(await accounts(name, fields))
    const wrong = { ...ANN, password: 'not this' }
    expect(await refused('signUp', ANN)).toEqual([400, 'EMAIL_EXISTS'])
    expect(await refused('signInWithPassword', wrong)).toEqual([400, 'INVALID_LOGIN_CREDENTIALS'])
    expect(await refused('signInWithPassword', { ...wrong, email: 'nobody@example.com' })).toEqual([
      ...[400, 'INVALID_LOGIN_CREDENTIALS'],
    ])
    expect(await refused('signUp', { ...ANN, email: 'ann' })).toEqual([400, 'INVALID_EMAIL'])
    expect(await refused('signUp', { email: 'bob@example.com' })).toEqual([400, 'MISSING_PASSWORD'])
    expect(await refused('signUp', { password: 'secret12' })).toEqual([400, 'MISSING_EMAIL'])
    expect(await refused('signUp', { email: 'bob@example.com', password: '12345' })).toEqual([
      ...[400, 'WEAK_PASSWORD : Password should be at least 6 characters'],
    ])
    expect(await refused('lookup', { idToken: 'a.b.c' })).toEqual([400, 'INVALID_ID_TOKEN'])
    expect(await refused('signUp', { ...ANN, email: 7 })).toEqual([
      ...[400, expect.stringMatching(/^INVALID_ARGUMENT : email: /)],
    ])
    expect(await refused('sendOobCode', ANN)).toEqual([
      400,
      expect.stringMatching(/^OPERATION_NOT_ALLOWED : /),
    ])
    expect(await refused('toString', {})).toEqual([400, expect.stringMatching(/^OPERATION_NOT_ALLOWED : /)])
    const { body } = await call('/identitytoolkit.googleapis.com/v1/accounts:signUp', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    })
    expect(body.error).toEqual({
      code: 400,
      message: 'INVALID_ARGUMENT : The body is no JSON.',
      errors: [{ message: expect.any(String), reason: 'invalid', domain: 'global' }],
    })
  })

  it('ends the sessions of before with a new password, and takes the old one no more', async () => {
    let at = Date.now() - 10_000
    const { call } = await signInIssuer({ now: () => at })
    const accounts = (name: string, fields: object) =>
      call(`/identitytoolkit.googleapis.com/v1/accounts:${name}`, { body: fields })
    const { body } = await accounts('signUp', ANN)
    at += 2000
    const changed = await accounts('update', { idToken: body.idToken, password: 'another1' })
    const refresh = async (token: unknown) =>
      call('/securetoken.googleapis.com/v1/token', {
        body: { grant_type: 'refresh_token', refresh_token: token },
      })
    expect(codeOf(await refresh(body.refreshToken))).toEqual([400, 'TOKEN_EXPIRED'])
    expect((await refresh(changed.body.refreshToken)).status).toBe(200)
    expect(codeOf(await accounts('signInWithPassword', ANN))).toEqual([400, 'INVALID_LOGIN_CREDENTIALS'])
  })
})
