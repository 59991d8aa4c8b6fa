import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { DEMO_PASSWORD } from '../../../local/issuer/demo-users.ts'
import { type Answer, signInIssuer } from './issuer.ts'

// The calls are those of @supabase/auth-js 2 (its GoTrueClient).

const VERSION = { 'x-supabase-api-version': '2024-01-01' }

async function world() {
  const { call, verify } = await signInIssuer()
  const auth = (path: string, body?: object, more: Record<string, string> = {}, method?: string) =>
    call(`/auth/v1${path}`, {
      ...(body && { body }),
      headers: { apikey: 'any', ...VERSION, ...more },
      ...(method && { method }),
    })
  return { call, verify, auth }
}
const codeOf = ({ status, body }: Answer) => [status, body.code]
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` })
const SUE = { email: 'Sue@example.com', password: 'secret12' }

describe('sign-in as Supabase has it', () => {
  it('signs up with a session whose token the edge verifies, whatever the user says of itself', async () => {
    const { auth, verify } = await world()
    const said = { name: 'Sue', plan: 'pro', role: 'admin', twohop: { plan: 'pro', role: 'admin' } }
    const { status, body } = await auth('/signup', {
      ...{ ...SUE, data: said, gotrue_meta_security: {}, code_challenge: null, code_challenge_method: null },
      ...{ app_metadata: { twohop: { plan: 'pro' } }, role: 'service_role' },
    })
    const { access_token, user, ...rest } = body
    expect([status, rest]).toEqual([
      200,
      {
        token_type: 'bearer',
        expires_in: 3600,
        expires_at: decodeJwt(String(access_token)).exp,
        refresh_token: expect.any(String),
      },
    ])
    expect(user).toMatchObject({
      email: 'sue@example.com',
      role: 'authenticated',
      app_metadata: { provider: 'email', providers: ['email'], twohop: { email_verified: true } },
      user_metadata: said,
      identities: [expect.objectContaining({ provider: 'email' })],
      is_anonymous: false,
    })
    expect(await verify(String(access_token))).toMatchObject({
      ...{ issuer: 'supabase', subject: (user as { id: string }).id, emailVerified: true },
      ...{ plan: undefined, roles: [], anonymous: false },
    })
    const more = { data: { plan: 'pro' }, app_metadata: { twohop: { role: 'admin' } } }
    const changed = await auth('/user', more, bearer(access_token), 'PUT')
    expect(changed.body).toMatchObject({ app_metadata: { twohop: { email_verified: true } } })
    const fresh = await auth('/token?grant_type=password', SUE)
    expect(await verify(String(fresh.body.access_token))).toMatchObject({ plan: undefined, roles: [] })
  })

  it('signs demo users in with the rights that their owner gave, and knows their printed tokens', async () => {
    const { call, verify } = await signInIssuer()
    const signIn = async (name: string) => {
      const body = { email: `${name}@example.com`, password: DEMO_PASSWORD }
      return call('/auth/v1/token?grant_type=password', { body })
    }
    const principal = async (name: string) => verify(String((await signIn(name)).body.access_token))
    expect(await principal('pro')).toMatchObject({ plan: 'pro', emailVerified: true })
    expect(await principal('suspended')).toMatchObject({ status: 'suspended' })
    const { status, body: refused } = await signIn('unverified')
    expect([status, refused]).toEqual([400, { code: 'email_not_confirmed', message: 'Email not confirmed' }])
    const { issuer, call: ask } = await signInIssuer()
    const { supabase } = await issuer.mintDemoTokens()
    const own = await ask('/auth/v1/user', { headers: bearer(supabase.free) })
    expect([own.status, own.body.email]).toEqual([200, 'free@example.com'])
  })

  it('gives a session its next tokens, once more for the one before, and for no older one', async () => {
    const { auth } = await world()
    const { body: first } = await auth('/signup', SUE)
    const refresh = (token: unknown) => auth('/token?grant_type=refresh_token', { refresh_token: token })
    const { body: second } = await refresh(first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    const [before, after] = [first, second].map(({ access_token }) => decodeJwt(String(access_token)))
    expect(after?.session_id).toBe(before?.session_id)
    expect(after?.amr).toEqual(before?.amr)
    expect((await refresh(first.refresh_token)).body.refresh_token).toBe(second.refresh_token)
    const { body: third } = await refresh(second.refresh_token)
    expect(codeOf(await refresh(first.refresh_token))).toEqual([400, 'refresh_token_not_found'])
    expect((await refresh(third.refresh_token)).status).toBe(200)
  })

  it('signs out this session, all others, or all', async () => {
    const { auth } = await world()
    await auth('/signup', SUE)
    const signIn = async () => (await auth('/token?grant_type=password', SUE)).body
    const own = async ({ access_token }: Record<string, unknown>) =>
      codeOf(await auth('/user', undefined, bearer(access_token)))
    const signOut = ({ access_token }: Record<string, unknown>, scope: string) =>
      auth(`/logout?scope=${scope}`, undefined, bearer(access_token), 'POST')
    const [here, there] = [await signIn(), await signIn()]
    expect((await signOut(here, 'local')).status).toBe(204)
    expect(await own(here)).toEqual([403, 'session_not_found'])
    expect(await own(there)).toEqual([200, undefined])
    const back = await signIn()
    await signOut(back, 'others')
    expect([await own(back), await own(there)]).toEqual([
      [200, undefined],
      [403, 'session_not_found'],
    ])
    await signOut(back, 'global')
    expect(
      codeOf(await auth('/token?grant_type=refresh_token', { refresh_token: back.refresh_token })),
    ).toEqual([...[400, 'refresh_token_not_found']])
  })

  it('signs in without an address, and gives one to that same user', async () => {
    const { auth, verify } = await world()
    const { body } = await auth('/signup', { data: {}, gotrue_meta_security: { captcha_token: undefined } })
    expect(body.user).toMatchObject({ is_anonymous: true, email: '', identities: [] })
    expect(await verify(String(body.access_token))).toMatchObject({ anonymous: true })
    const { body: named } = await auth('/user', SUE, bearer(body.access_token), 'PUT')
    expect(named).toMatchObject({ id: (body.user as { id: string }).id, is_anonymous: false })
    const { body: session } = await auth('/token?grant_type=password', SUE)
    expect(await verify(String(session.access_token))).toMatchObject({
      anonymous: false,
      emailVerified: true,
    })
  })

  it('refuses with the codes of Supabase, in the form that the client asks for', async () => {
    const { auth, call } = await world()
    await auth('/signup', SUE)
    const password = (body: object) => auth('/token?grant_type=password', body)
    expect(codeOf(await auth('/signup', SUE))).toEqual([422, 'user_already_exists'])
    const wrong = await password({ ...SUE, password: 'not this' })
    expect([codeOf(wrong), wrong.headers.get('x-supabase-api-version')]).toEqual([
      ...[[400, 'invalid_credentials'], '2024-01-01'],
    ])
    expect(codeOf(await password({ ...SUE, email: 'nobody@example.com' }))).toEqual([
      400,
      'invalid_credentials',
    ])
    expect(codeOf(await auth('/signup', { ...SUE, email: 'sue' }))).toEqual([400, 'validation_failed'])
    expect(codeOf(await auth('/signup', { email: 'b@example.com', password: '12345' }))).toEqual([
      ...[422, 'weak_password'],
    ])
    expect(codeOf(await auth('/signup', { email: 'b@example.com', password: 'x'.repeat(73) }))).toEqual([
      ...[400, 'validation_failed'],
    ])
    expect(codeOf(await auth('/signup', { phone: '123', password: 'secret12' }))).toEqual([
      ...[400, 'phone_provider_disabled'],
    ])
    const much = { email: 'b@example.com', password: 'secret12', data: { much: 'x'.repeat(5000) } }
    expect(codeOf(await auth('/signup', much))).toEqual([400, 'validation_failed'])
    expect(codeOf(await auth('/user'))).toEqual([401, 'no_authorization'])
    expect(codeOf(await auth('/user', undefined, bearer('a.b.c')))).toEqual([403, 'bad_jwt'])
    expect(codeOf(await auth('/token?grant_type=id_token', {}))).toEqual([400, 'unsupported_grant_type'])
    expect(codeOf(await auth('/recover', SUE))).toEqual([404, 'not_found'])
    const old = await call('/auth/v1/token?grant_type=password', {
      body: { ...SUE, password: 'not this' },
      headers: { 'x-supabase-api-version': '2023-01-01' },
    })
    expect(old.body).toEqual({
      code: 400,
      error_code: 'invalid_credentials',
      msg: 'Invalid login credentials',
    })
  })
})
