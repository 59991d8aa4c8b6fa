import { Hono } from 'hono'
import type { AllowedOrigins } from '../../edge/access/origin-list.ts'
import { firebaseIss } from '../../edge/identity/firebase.ts'
import { supabaseIss } from '../../edge/identity/supabase.ts'
import type { SignInEnv } from './door.ts'
import { firebaseSignIn } from './firebase-sign-in.ts'
import type { SigningKeys } from './jwks.ts'
import type { Directories } from './kept-users.ts'
import type { Mint } from './mint.ts'
import { supabaseSignIn } from './supabase-sign-in.ts'
import { createTokenHolder } from './token-holder.ts'

type Options = {
  /** Signs for those who sign in. */
  mint: Mint
  /** Life of its tokens in seconds. */
  ttlSeconds: number
  keys: SigningKeys
  projectId: string
  supabaseUrl: string
  /** The users of each, the demo users among them. */
  directories: Directories
  /** Pages that may sign users in. */
  origins: AllowedOrigins
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The calls of both platforms by which users sign in, each with users of its own. */
export function signIn(options: Options): Hono<SignInEnv> {
  const { mint, keys, projectId, supabaseUrl, now } = options
  const { firebase, supabase } = options.directories
  const ofFirebase = { key: keys.firebase, issuer: firebaseIss(projectId), audience: projectId }
  const ofSupabase = { key: keys.supabase, issuer: supabaseIss(supabaseUrl), audience: 'authenticated' }
  return new Hono<SignInEnv>()
    .route(
      '/',
      firebaseSignIn({
        ...options,
        mint: mint.mintFirebase,
        directory: firebase,
        holderOf: createTokenHolder({ ...ofFirebase, directory: firebase, now }),
      }),
    )
    .route(
      '/',
      supabaseSignIn({
        ...options,
        mint: mint.mintSupabase,
        directory: supabase,
        holderOf: createTokenHolder({ ...ofSupabase, directory: supabase, now }),
      }),
    )
}
