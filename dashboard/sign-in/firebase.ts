import * as z from 'zod/mini'
import { ask } from './ask.ts'
import type { SignInCalls, Tokens } from './calls.ts'

// Google's Identity Toolkit and secure token service (firebase.google.com/docs/reference/rest/auth).

const SignedIn = z.object({ idToken: z.string(), refreshToken: z.string() })
const Refreshed = z.object({ id_token: z.string(), refresh_token: z.string() })

type Calls = SignInCalls['firebase']

const urlOf = (url: string, key: string) => `${url}?key=${encodeURIComponent(key)}`

/** @throws Error in words for people */
export async function signInFirebase(calls: Calls, email: string, password: string): Promise<Tokens> {
  if (!calls) throw new Error('This edge names no Firebase project to sign in at.')
  const body = { email, password, returnSecureToken: true }
  const { idToken, refreshToken } = await ask(urlOf(calls.sign_in, calls.key), {}, body, SignedIn)
  return { token: idToken, refresh: refreshToken }
}

export async function refreshFirebase(calls: Calls, refresh: string): Promise<Tokens> {
  if (!calls) throw new Error('This edge names no Firebase project to sign in at.')
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh })
  const fresh = await ask(urlOf(calls.refresh, calls.key), {}, body, Refreshed)
  return { token: fresh.id_token, refresh: fresh.refresh_token }
}
