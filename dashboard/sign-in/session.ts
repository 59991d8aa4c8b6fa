import { NotAccepted } from './ask.ts'
import type { SignInCalls, Tokens } from './calls.ts'
import { refreshFirebase, signInFirebase } from './firebase.ts'
import { refreshSupabase, signInSupabase } from './supabase.ts'

/** What is kept while the tab is open. A pasted credential has nothing to refresh it by. */
export type Kept = { label: string; token: string } & (
  | { kind: 'pasted' }
  | { kind: 'firebase' | 'supabase'; refresh: string; calls: SignInCalls }
)

export type Session = {
  label: string
  /** The credential for the next request; a fresh one where that is asked for, null where there is none. */
  token: (forceRefresh: boolean) => Promise<string | null>
}

/** @throws Error in the platform's own words */
export async function signInWith(
  kind: 'firebase' | 'supabase',
  calls: SignInCalls,
  email: string,
  password: string,
): Promise<Kept> {
  const tokens =
    kind === 'firebase'
      ? await signInFirebase(calls.firebase, email, password)
      : await signInSupabase(calls.supabase, email, password)
  return { kind, calls, label: email, ...tokens }
}

/** @param replace called with what was kept, and what takes its place */
export function sessionOf(first: Kept, replace: (before: Kept, fresh: Kept) => void): Session {
  let kept = first
  return {
    label: first.label,
    async token(forceRefresh) {
      if (!forceRefresh) return kept.token
      if (kept.kind === 'pasted') return null
      const tokens = await refreshed(kept)
      if (!tokens) return null
      const before = kept
      kept = { ...before, ...tokens }
      replace(before, kept)
      return kept.token
    },
  }
}

/** @returns undefined where the platform has ended the session @throws Error where it is not reached */
async function refreshed(kept: Exclude<Kept, { kind: 'pasted' }>): Promise<Tokens | undefined> {
  try {
    return kept.kind === 'firebase'
      ? await refreshFirebase(kept.calls.firebase, kept.refresh)
      : await refreshSupabase(kept.calls.supabase, kept.refresh)
  } catch (error) {
    if (error instanceof NotAccepted) return undefined
    throw error
  }
}
