import { expect, it } from 'vitest'
import { issuerName } from '../../../../edge/identity/issuer.ts'

it('an issuer has the name that its accounts begin with', () => {
  expect(issuerName({ projectId: 'my-project' })).toBe('firebase:my-project')
  expect(issuerName({ url: 'https://abc.supabase.co' })).toBe('supabase:abc.supabase.co')
  expect(issuerName({ url: 'http://127.0.0.1:54321' })).toBe('supabase:127.0.0.1:54321')
})
