import { FirebaseError, initializeApp } from 'firebase/app'
import {
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  getAuth,
  onAuthStateChanged,
  sendEmailVerification,
  signInWithEmailAndPassword,
  signOut,
} from 'firebase/auth/web-extension'
import type { SignInConfig } from '../config.ts'
import { type SignIn, SignInError } from './port.ts'

/** The session is kept in the extension's own IndexedDB, which no page can read. */
export function firebaseSignIn({
  projectId,
  apiKey,
  emulator,
}: Extract<SignInConfig, { platform: 'firebase' }>): SignIn {
  const auth = getAuth(initializeApp({ projectId, apiKey, authDomain: `${projectId}.firebaseapp.com` }))
  if (emulator) connectAuthEmulator(auth, emulator, { disableWarnings: true })
  return {
    onUser(changed) {
      onAuthStateChanged(auth, (user) => changed(user && { id: user.uid, email: user.email ?? '' }))
    },
    async signIn(email, password) {
      await signInWithEmailAndPassword(auth, email, password).catch(tell)
    },
    async signUp(email, password) {
      const { user } = await createUserWithEmailAndPassword(auth, email, password).catch(tell)
      if (user.emailVerified) return { mustConfirm: false }
      await sendEmailVerification(user).catch(tell)
      return { mustConfirm: true }
    },
    signOut: () => signOut(auth),
    async token({ forceRefresh }) {
      return (await auth.currentUser?.getIdToken(forceRefresh)) ?? null
    },
  }
}

function tell(error: unknown): never {
  if (!(error instanceof FirebaseError)) throw error
  const sentences: Record<string, string> = {
    'auth/invalid-credential': 'No account has this e-mail address and password.',
    'auth/invalid-email': 'This is no e-mail address.',
    'auth/user-not-found': 'No account has this e-mail address and password.',
    'auth/wrong-password': 'No account has this e-mail address and password.',
    'auth/email-already-in-use': 'There is an account with this e-mail address already. Sign in instead.',
    'auth/weak-password': 'This password is too easy to guess. Take a longer one.',
    'auth/too-many-requests': 'Too many tries. Wait a minute.',
    'auth/user-disabled': 'This account has been disabled.',
    'auth/network-request-failed': 'The sign-in server cannot be reached.',
  }
  throw new SignInError(sentences[error.code] ?? 'Signing in did not work. Please try again.', {
    cause: error,
  })
}
