import * as z from 'zod/mini'
import { ask } from './ask.ts'
import type { SignInCalls, Tokens } from './calls.ts'

// Supabase Auth's REST calls (github.com/supabase/auth, openapi.yaml).

const SignedIn = z.object({ access_token: z.string(), refresh_token: z.string() })

type Calls = SignInCalls['supabase']

/** @throws Error in words for people */
export const signInSupabase = (calls: Calls, email: string, password: string) =>
  granted(calls, 'password', { email, password })

export const refreshSupabase = (calls: Calls, refresh: string) =>
  granted(calls, 'refresh_token', { refresh_token: refresh })

async function granted(calls: Calls, grant: string, body: object): Promise<Tokens> {
  if (!calls) throw new Error('This edge names no Supabase project to sign in at.')
  const url = `${calls.token}?grant_type=${grant}`
  const { access_token, refresh_token } = await ask(url, { apikey: calls.key }, body, SignedIn)
  return { token: access_token, refresh: refresh_token }
}
