import { describe, expect, it } from 'vitest'
import { administeredBy, createReach } from '../../../../edge/admin/target.ts'
import { refusal } from '../../../fixtures/entitled.ts'
import { firebaseConfig, supabaseConfig } from '../../../fixtures/signed-world.ts'

const ID = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
const STAGING = 'firebase:staging:ops'
const PRODUCTION = `supabase:abc.supabase.co:${ID}`
const both = new Set(['firebase:staging', 'supabase:abc.supabase.co'])
const administered = administeredBy([
  firebaseConfig('staging'),
  { ...supabaseConfig('https://abc.supabase.co'), administers: both },
])
const { requireAccount, reaches, sees } = createReach(administered)
const requiring = (by: string, name: string) => refusal(() => requireAccount(by, name))

describe('the target of an act', () => {
  it('is an account of an issuer whose accounts the administrator administers', () => {
    expect([...administered.keys()]).toEqual([...both])
    for (const name of ['firebase:staging:ada', 'firebase:staging:a:b'])
      expect(requireAccount(STAGING, name)).toBe(name)
    for (const name of ['firebase:staging:ada', PRODUCTION])
      expect(requireAccount(PRODUCTION, name)).toBe(name)
  })

  it("is no account of another issuer: staging's administrators do not rule production", () => {
    expect(requiring(STAGING, PRODUCTION)).toEqual(['account_not_administered', 'account'])
    expect(reaches(STAGING, PRODUCTION)).toBe(false)
    expect(reaches(PRODUCTION, STAGING)).toBe(true)
  })

  it.each(['firebase:left:ops', 'leak report', ''])(
    'is none where %j acts, whom no issuer vouches for',
    (by) => {
      expect(requiring(by, 'firebase:staging:ada')).toEqual(['account_not_administered', 'account'])
      expect(reaches(by, by)).toBe(false)
    },
  )

  it.each([
    '',
    'ada',
    'firebase:staging',
    'firebase:staging:',
    'github:staging:ada',
    'firebase:other:ada',
    `supabase:xyz.supabase.co:${ID}`,
    'constructor:staging:ada',
    'firebase:staging:\0',
    'firebase:staging:ada\udc00',
    `firebase:staging:${'a'.repeat(129)}`,
  ])('%s would suspend nobody, so it is refused', (name) =>
    expect(requiring(STAGING, name)).toEqual(['invalid_request', 'account']),
  )
})

it('a name of another form is told the form, and nothing of how a path is written', () => {
  expect(() => requireAccount(STAGING, 'abc')).toThrow(
    /^Expected firebase:<project>:<uid> or supabase:<host>:<user id>, found another name\.$/,
  )
})

describe('the log shows an administrator', () => {
  const entry = (actor: string, target: string, detail = {}) => ({ actor, target, detail })

  it('what was done to accounts that they administer, whoever did it, and nothing of others', () => {
    expect(sees(STAGING, entry(PRODUCTION, 'firebase:staging:ada'))).toBe(true)
    expect(sees(STAGING, entry(STAGING, PRODUCTION))).toBe(false)
    expect(sees(PRODUCTION, entry(STAGING, PRODUCTION))).toBe(true)
  })

  it("what was done to such accounts' keys", () => {
    expect(sees(STAGING, entry('firebase:staging:ada', 'key1'))).toBe(true)
    expect(sees(STAGING, entry(PRODUCTION, 'key1', { account: 'firebase:staging:ada' }))).toBe(true)
    expect(sees(STAGING, entry(PRODUCTION, 'key1'))).toBe(false)
  })

  it('what names no account only if they administer everybody', () => {
    expect(sees(STAGING, entry('leak report', 'key1'))).toBe(false)
    expect(sees(PRODUCTION, entry('leak report', 'key1'))).toBe(true)
  })
})
