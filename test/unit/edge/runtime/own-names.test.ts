import { expect, it } from 'vitest'
import { notEmpty, ownNames } from '../../../../edge/runtime/own-names.ts'

it("reads the edge's names of a platform's form with TWOHOP_ before them, and never without", () => {
  const environment = {
    SUPABASE_URLS: 'theirs',
    TWOHOP_SUPABASE_URLS: 'ours',
    TWOHOP_SUPABASE_SERVICE_KEYS: '',
  }
  const own = ownNames(environment, 'SUPABASE_')
  expect(own).toEqual({
    SUPABASE_URLS: 'ours',
    SUPABASE_JWT_SECRETS: undefined,
    SUPABASE_CONFIRMS_EMAIL: undefined,
    SUPABASE_SERVICE_KEYS: undefined,
  })
  expect(Object.keys(ownNames({}, 'FIREBASE_')).sort()).toEqual([
    'FIREBASE_ADMIN_URL',
    'FIREBASE_JWKS_URL',
    'FIREBASE_PROJECT_IDS',
    'FIREBASE_SERVICE_ACCOUNTS',
  ])
})

it('leaves out what is set to nothing', () => {
  expect(notEmpty({ A: '', B: undefined, C: '0' })).toEqual({ C: '0' })
})
