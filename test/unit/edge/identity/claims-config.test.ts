import { describe, expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'

const issuersFrom = (env: Record<string, string>) => edgeConfig({ ...EDGE_NEEDS, ...env }).issuers

describe("where an issuer's tokens hold what the owner says, and who administers whom", () => {
  it('is read by issuer', () => {
    const issuers = issuersFrom({
      FIREBASE_PROJECT_IDS: 'my-project',
      SUPABASE_URLS: 'https://abc.supabase.co',
      CLAIMS_OBJECT: 'mine',
      CLAIM_NAMES: '{"supabase:abc.supabase.co": {"plan": "tier", "email_verified": "proved"}}',
      ADMINISTERS: '{"supabase:abc.supabase.co": ["firebase:my-project"], "firebase:my-project": []}',
    })
    expect(issuers).toMatchObject([
      { claims: { object: 'mine', others: {} }, administers: new Set() },
      {
        claims: { object: 'mine', others: { plan: 'tier', email_verified: 'proved' } },
        administers: new Set(['firebase:my-project']),
      },
    ])
  })

  const both = { FIREBASE_PROJECT_IDS: 'my-project', SUPABASE_URLS: 'https://abc.supabase.co' }
  const named = (issuer: string, names: object) => ({ CLAIM_NAMES: JSON.stringify({ [issuer]: names }) })
  it.each([
    ...[
      'sub',
      'name',
      'email',
      'email_verified',
      'firebase',
      'iat',
      'provider',
      'providers',
      'constructor',
    ].map((name) => [/^Configuration: CLAIMS_OBJECT: is a name that/, { CLAIMS_OBJECT: name }] as const),
    ...['', ' ', 'a b', '__proto__', 'x'.repeat(65)]
      .filter(Boolean)
      .map((name) => [/^Configuration: CLAIMS_OBJECT: is no name/, { CLAIMS_OBJECT: name }] as const),
    ...['name', 'email', 'sub', 'picture', 'user_id', 'firebase'].map(
      (name) =>
        [
          /CLAIM_NAMES.firebase:my-project.role: .*issuer itself/,
          named('firebase:my-project', { role: name }),
        ] as const,
    ),
    [/CLAIM_NAMES.supabase:abc.*issuer itself/, named('supabase:abc.supabase.co', { plan: 'provider' })],
    [/CLAIM_NAMES.*is the object/, named('supabase:abc.supabase.co', { plan: 'twohop' })],
    [/CLAIM_NAMES.*every object has/, named('supabase:abc.supabase.co', { plan: 'toString' })],
    [/CLAIM_NAMES.*of their own/, named('firebase:my-project', { email_verified: 'proved' })],
    [/CLAIM_NAMES: has a name that is no issuer which is configured/, named('firebase:other', {})],
    [
      /CLAIM_NAMES\.\*: has a field that is not known here; known are plan/,
      named('firebase:my-project', { tier: 'x' }),
    ],
    [
      /ADMINISTERS: has a name that is no issuer/,
      { ADMINISTERS: '{"firebase:my-project": ["firebase:other"]}' },
    ],
    [/ADMINISTERS: has a name that is no issuer/, { ADMINISTERS: '{"constructor": []}' }],
    [/ADMINISTERS/, { ADMINISTERS: '{"firebase:my-project": "firebase:my-project"}' }],
  ] as [RegExp, Record<string, string>][])('is refused with %s: %o', (rule, env) => {
    expect(() => issuersFrom({ ...both, ...env })).toThrow(rule)
  })
})
