import { AuthClient, type AuthError, type Session } from '@supabase/auth-js'
import { browser } from 'wxt/browser'
import type { SignInConfig } from '../config.ts'
import { type SignIn, SignInError, type User } from './port.ts'

/** `chrome.storage.local`, which outlives the panel and every worker. Pages and their scripts cannot read it. */
const storage = {
  getItem: async (key: string) => ((await browser.storage.local.get(key))[key] as string | undefined) ?? null,
  setItem: (key: string, value: string) => browser.storage.local.set({ [key]: value }),
  removeItem: (key: string) => browser.storage.local.remove(key),
}

export function supabaseSignIn({
  url,
  publishableKey,
}: Extract<SignInConfig, { platform: 'supabase' }>): SignIn {
  const auth = new AuthClient({
    url: `${url}/auth/v1`,
    headers: { apikey: publishableKey, authorization: `Bearer ${publishableKey}` },
    storage,
    storageKey: 'supabase-session',
    // A panel has no address bar that a session could come by.
    detectSessionInUrl: false,
    flowType: 'pkce',
  })
  return {
    onUser(changed) {
      auth.onAuthStateChange((_event, session) => changed(userOf(session)))
    },
    async signIn(email, password) {
      const { error } = await auth.signInWithPassword({ email, password })
      if (error) throw told(error)
    },
    async signUp(email, password) {
      const { data, error } = await auth.signUp({ email, password })
      if (error) throw told(error)
      return { mustConfirm: data.session === null }
    },
    async signOut() {
      // Here alone: elsewhere the user stays signed in. It works without a network, too.
      await auth.signOut({ scope: 'local' })
    },
    async token({ forceRefresh }) {
      const { data } = await (forceRefresh ? auth.refreshSession() : auth.getSession())
      return data.session?.access_token ?? null
    },
  }
}

function userOf(session: Session | null): User | null {
  return session && { id: session.user.id, email: session.user.email ?? '' }
}

function told({ code, message, name }: AuthError): SignInError {
  if (name === 'AuthRetryableFetchError') return new SignInError('The sign-in server cannot be reached.')
  const sentences: Record<string, string> = {
    invalid_credentials: 'No account has this e-mail address and password.',
    email_not_confirmed: 'Please open the link in the e-mail that was sent to you, then sign in.',
    user_already_exists: 'There is an account with this e-mail address already. Sign in instead.',
    email_exists: 'There is an account with this e-mail address already. Sign in instead.',
    weak_password: 'This password is too easy to guess. Take a longer one.',
    over_request_rate_limit: 'Too many tries. Wait a minute.',
  }
  return new SignInError(sentences[code ?? ''] ?? message)
}
