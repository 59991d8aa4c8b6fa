import * as z from 'zod/mini'

const text = z.string()

/** Where the edge's users sign in, as `GET /dashboard/sign-in.json` says. */
export const SignInCalls = z.object({
  firebase: z.nullable(z.object({ sign_in: text, refresh: text, key: text })),
  supabase: z.nullable(z.object({ token: text, key: text })),
})
export type SignInCalls = z.output<typeof SignInCalls>

export const NO_CALLS: SignInCalls = { firebase: null, supabase: null }

/** What a platform gives to who signs in. */
export type Tokens = { token: string; refresh: string }
