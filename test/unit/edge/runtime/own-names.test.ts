import { expect, it } from 'vitest'
import { Complaint } from '../../../../edge/runtime/complaint.ts'
import { asSetThere, notEmpty, ownNames } from '../../../../edge/runtime/own-names.ts'
import { EDGE_VARIABLES } from '../../../../edge/runtime/variables.ts'

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

it.each(['SUPABASE_', 'FIREBASE_'] as const)(
  'names each variable as it is set where %s is kept',
  (prefix) => {
    for (const name of Object.keys(EDGE_VARIABLES)) {
      const there = name.startsWith(prefix) ? `TWOHOP_${name}` : name
      const complaint = asSetThere(
        new Complaint('wrong', name, `is not one of ${name}, says ${name}.`, '.0'),
        prefix,
      )
      expect(String(complaint)).toBe(`${there}.0: is not one of ${there}, says ${there}.`)
      expect(asSetThere(complaint, prefix)).toEqual(complaint)
    }
  },
)
