import { expect, it } from 'vitest'
import type { SignInConfig } from '../../../../../examples/extension/src/config.ts'
import { contentSecurityPolicy } from '../../../../../examples/extension/src/content-security-policy.ts'

const calledOf = (signIn: SignInConfig) =>
  /connect-src ([^;]*);/.exec(
    contentSecurityPolicy({ edge: 'https://edge.acme.test', signIn, longestText: 1, longestAnswer: 1 }),
  )?.[1]

it.each<[SignInConfig, string]>([
  [
    { platform: 'supabase', url: 'https://acme.supabase.co', publishableKey: 'x' },
    'https://edge.acme.test https://acme.supabase.co',
  ],
  [
    { platform: 'firebase', projectId: 'acme', apiKey: 'x' },
    'https://edge.acme.test https://identitytoolkit.googleapis.com https://securetoken.googleapis.com',
  ],
  [
    { platform: 'firebase', projectId: 'acme', apiKey: 'x', emulator: 'http://127.0.0.1:9099/' },
    'https://edge.acme.test http://127.0.0.1:9099',
  ],
])('the panel calls the edge and the servers of %o, and nobody else', (signIn, called) => {
  expect(calledOf(signIn)).toBe(called)
})
