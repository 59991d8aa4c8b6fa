import { expect, it } from 'vitest'
import { SignInPlaces, signInCalls, signInOrigins } from '../../../../edge/routes/sign-in-places.ts'

const firebase = { api_key: 'AIzaSyA-0123456789' }
const supabase = { url: 'https://abc.supabase.co/', publishable_key: 'sb_publishable_x' }

it("names Google's own services, or an emulator that stands for them", () => {
  expect(signInCalls({ firebase }).firebase).toEqual({
    sign_in: 'https://identitytoolkit.googleapis.com/v1/accounts:signInWithPassword',
    refresh: 'https://securetoken.googleapis.com/v1/token',
    key: firebase.api_key,
  })
  const emulated = { firebase: { ...firebase, emulator: 'http://127.0.0.1:9099' } }
  expect(signInCalls(emulated).firebase?.refresh).toBe(
    'http://127.0.0.1:9099/securetoken.googleapis.com/v1/token',
  )
  expect(signInOrigins(emulated)).toEqual(['http://127.0.0.1:9099'])
})

it("names Supabase's call, and each origin once", () => {
  expect(signInCalls({ supabase })).toEqual({
    object: 'dashboard.sign_in',
    firebase: null,
    supabase: { token: 'https://abc.supabase.co/auth/v1/token', key: 'sb_publishable_x' },
  })
  expect(signInOrigins({ firebase, supabase })).toEqual([
    'https://identitytoolkit.googleapis.com',
    'https://securetoken.googleapis.com',
    'https://abc.supabase.co',
  ])
  expect(signInOrigins({})).toEqual([])
})

/** A legacy key of Supabase's, as its JWT is made. */
const legacy = (role: string) =>
  `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify({ iss: 'supabase', role })).toString('base64url')}.c2lnbmF0dXJl`

it('takes public keys, and refuses one that is secret: it would be told to everybody', () => {
  const takes = (publishable_key: string) =>
    SignInPlaces.safeParse({ supabase: { ...supabase, publishable_key } }).success
  expect([takes('sb_publishable_x'), takes(legacy('anon'))]).toEqual([true, true])
  const secret = ['sb_secret_x', ' sb_secret_x', legacy('service_role')]
  expect(secret.map(takes)).toEqual([false, false, false])
})

it.each([
  { firebase: { api_key: '{"private_key":"x"}' } },
  { firebase: { ...firebase, private_key: 'x' } },
  { firebase: { ...firebase, emulator: 'http://emulator.example' } },
  { supabase: { ...supabase, url: 'http://abc.supabase.co' } },
  { google: {} },
])('%j is refused', (places) => {
  expect(SignInPlaces.safeParse(places).success).toBe(false)
})
