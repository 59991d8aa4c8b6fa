import type { Config, SignInConfig } from './config.ts'

/** What the pages of the extension may load and call: their own files, the edge, and where users sign in. */
export function contentSecurityPolicy({ edge, signIn }: Config): string {
  const called = [...new Set([edge, ...signInServers(signIn)].map((url) => new URL(url).origin))]
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${called.join(' ')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function signInServers(signIn: SignInConfig): string[] {
  if (signIn.platform === 'supabase') return [signIn.url]
  return signIn.emulator
    ? [signIn.emulator]
    : ['https://identitytoolkit.googleapis.com', 'https://securetoken.googleapis.com']
}
