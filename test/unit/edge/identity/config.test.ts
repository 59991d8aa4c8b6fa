import { describe, expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'

const SECRET = 'a-legacy-secret-of-forty-characters-long'
const GOOGLE = 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com'

const issuersFrom = (env: Record<string, string>) => edgeConfig({ ...EDGE_NEEDS, ...env }).issuers

describe('issuers from configuration', () => {
  it('reads several projects of both kinds', () => {
    const issuers = issuersFrom({
      FIREBASE_PROJECT_IDS: 'my-project, other-project',
      SUPABASE_URLS: 'https://abc.supabase.co/,http://127.0.0.1:54321',
      SUPABASE_JWT_SECRETS: JSON.stringify({ 'http://127.0.0.1:54321/': SECRET }),
    })
    const claims = { object: 'twohop', others: {} }
    const own = (name: string) => ({ claims, administers: new Set([name]) })
    expect(issuers).toEqual([
      { kind: 'firebase', projectId: 'my-project', jwksUrl: GOOGLE, ...own('firebase:my-project') },
      { kind: 'firebase', projectId: 'other-project', jwksUrl: GOOGLE, ...own('firebase:other-project') },
      {
        ...{ kind: 'supabase', url: 'https://abc.supabase.co', jwtSecret: undefined },
        ...own('supabase:abc.supabase.co'),
      },
      {
        ...{ kind: 'supabase', url: 'http://127.0.0.1:54321', jwtSecret: SECRET },
        ...own('supabase:127.0.0.1:54321'),
      },
    ])
  })

  it('takes another place for the Firebase keys', () => {
    const env = { FIREBASE_PROJECT_IDS: 'my-project', FIREBASE_JWKS_URL: 'http://localhost:9/jwks' }
    expect(issuersFrom(env)).toMatchObject([{ jwksUrl: 'http://localhost:9/jwks' }])
  })

  const urls = { SUPABASE_URLS: 'https://abc.supabase.co' }
  const bad: [rule: RegExp, env: Record<string, string>][] = [
    [/no issuer/, {}],
    [/no issuer/, { FIREBASE_PROJECT_IDS: ' , ' }],
    [/FIREBASE_PROJECT_IDS: is no project id/, { FIREBASE_PROJECT_IDS: 'My Project' }],
    [/FIREBASE_PROJECT_IDS: entry 2 is no project id/, { FIREBASE_PROJECT_IDS: 'my-project,,a/../bcd' }],
    [/FIREBASE_PROJECT_IDS: entry 2 is listed twice/, { FIREBASE_PROJECT_IDS: 'my-project,my-project' }],
    [
      /FIREBASE_JWKS_URL.*https/,
      { FIREBASE_PROJECT_IDS: 'my-project', FIREBASE_JWKS_URL: 'http://keys.example' },
    ],
    [/FIREBASE_JWKS_URL.*no URL/, { FIREBASE_PROJECT_IDS: 'my-project', FIREBASE_JWKS_URL: 'keys' }],
    [/SUPABASE_URLS.*https/, { SUPABASE_URLS: 'http://abc.supabase.co' }],
    [/SUPABASE_URLS.*https/, { SUPABASE_URLS: 'http://127.0.0.1.evil.example' }],
    [/SUPABASE_URLS.*https/, { SUPABASE_URLS: 'ftp://abc.supabase.co' }],
    [/SUPABASE_URLS.*no URL/, { SUPABASE_URLS: 'https://user:pass@abc.supabase.co' }],
    [
      /SUPABASE_URLS.*without a path or a query, like https:\/\/abc.supabase.co/,
      { SUPABASE_URLS: 'https://abc.supabase.co/auth/v1' },
    ],
    [/listed twice/, { SUPABASE_URLS: 'https://abc.supabase.co,https://abc.supabase.co/' }],
    [/SUPABASE_JWT_SECRETS: must be a JSON object/, { ...urls, SUPABASE_JWT_SECRETS: SECRET }],
    [/SUPABASE_JWT_SECRETS: must be a JSON object/, { ...urls, SUPABASE_JWT_SECRETS: `["${SECRET}"]` }],
    [
      /not one of SUPABASE_URLS/,
      { ...urls, SUPABASE_JWT_SECRETS: `{"https://def.supabase.co": "${SECRET}"}` },
    ],
    [
      /not one of SUPABASE_URLS/,
      { ...urls, SUPABASE_JWT_SECRETS: `{"${SECRET}": "https://abc.supabase.co"}` },
    ],
    [
      /at least 32 bytes/,
      { ...urls, SUPABASE_JWT_SECRETS: `{"https://abc.supabase.co": "${SECRET.slice(0, 31)}"}` },
    ],
    [/at least 32 bytes/, { ...urls, SUPABASE_JWT_SECRETS: '{"https://abc.supabase.co": 7}' }],
  ]
  it.each(bad)('%s: %o', (rule, env) => {
    expect(() => issuersFrom(env)).toThrow(rule)
    expect(() => issuersFrom(env)).not.toThrow(new RegExp(SECRET.slice(0, 31)))
  })
})
