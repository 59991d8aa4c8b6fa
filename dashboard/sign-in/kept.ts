import * as z from 'zod/mini'
import { SignInCalls } from './calls.ts'
import type { Kept } from './session.ts'

/** In the tab's own storage: gone with the tab, and no other tab sees it. */
const NAME = 'twohop.session'

const own = { label: z.string(), token: z.string() }
const Stored = z.union([
  z.object({ kind: z.literal('pasted'), ...own }),
  z.object({
    kind: z.enum(['firebase', 'supabase']),
    ...own,
    refresh: z.string(),
    calls: SignInCalls,
  }),
])

/** Who was signed in before the page was loaded again. */
export function readKept(): Kept | undefined {
  try {
    return Stored.safeParse(JSON.parse(sessionStorage.getItem(NAME) ?? 'null')).data
  } catch {
    return undefined
  }
}

/** Keeps what replaces a session where that is still the tab's: who signed out meanwhile, or in as another, stays so. */
export function replace(before: Kept, fresh: Kept): void {
  if (readKept()?.token === before.token) keep(fresh)
}

export function keep(kept: Kept | undefined): void {
  if (kept) sessionStorage.setItem(NAME, JSON.stringify(kept))
  else sessionStorage.removeItem(NAME)
}
