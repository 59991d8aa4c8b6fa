import type { SignInConfig } from '../config.ts'
import type { SignIn } from './port.ts'

/** The platform that the configuration names. Only its SDK is loaded. */
export async function openSignIn(chosen: SignInConfig): Promise<SignIn> {
  return chosen.platform === 'supabase'
    ? (await import('./supabase.ts')).supabaseSignIn(chosen)
    : (await import('./firebase.ts')).firebaseSignIn(chosen)
}
