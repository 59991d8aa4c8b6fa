import { describe, expect, it } from 'vitest'
import { createRequireAccount, issuerNames } from '../../../../edge/admin/target.ts'
import { refusal } from '../../../fixtures/entitled.ts'

const ID = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
const issuers = issuerNames([
  { kind: 'firebase', projectId: 'demo', jwksUrl: 'https://keys.example' },
  { kind: 'supabase', url: 'https://abc.supabase.co', jwtSecret: undefined },
])
const requireAccount = createRequireAccount(issuers)

describe('the target of an act', () => {
  it('is an account of an issuer that is trusted here', () => {
    expect([...issuers]).toEqual(['firebase:demo', 'supabase:abc.supabase.co'])
    for (const name of ['firebase:demo:ada', 'firebase:demo:a:b', `supabase:abc.supabase.co:${ID}`])
      expect(requireAccount(name)).toBe(name)
  })

  it.each([
    '',
    'ada',
    'firebase:demo',
    'firebase:demo:',
    'github:demo:ada',
    'firebase:other:ada',
    `supabase:xyz.supabase.co:${ID}`,
  ])('%s would suspend nobody, so it is refused', (name) =>
    expect(refusal(() => requireAccount(name))).toEqual(['invalid_request', 'account']),
  )
})
