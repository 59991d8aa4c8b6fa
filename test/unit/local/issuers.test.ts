import { expect, it } from 'vitest'
import { edgeConfig } from '../../../edge/runtime/config.ts'
import { issuerVariables } from '../../../local/issuers.ts'
import { EDGE_NEEDS } from '../../fixtures/edge-variables.ts'

const LOCAL = {
  FIREBASE_PROJECT_IDS: 'twohop-local',
  FIREBASE_JWKS_URL: 'http://127.0.0.1:8789/firebase/jwks',
  SUPABASE_URLS: 'http://127.0.0.1:8789',
}
const issuers = (firebaseProjects: string[], supabaseUrls: string[]) =>
  edgeConfig({ ...EDGE_NEEDS, ...issuerVariables(LOCAL, { firebaseProjects, supabaseUrls }) }).issuers

it('lets users of the local issuer in, and beside them those of a Supabase project', () => {
  expect(issuers([], ['https://abc.supabase.co'])).toMatchObject([
    { kind: 'firebase', projectId: 'twohop-local', jwksUrl: LOCAL.FIREBASE_JWKS_URL },
    { kind: 'supabase', url: LOCAL.SUPABASE_URLS },
    { kind: 'supabase', url: 'https://abc.supabase.co' },
  ])
})

it("checks a Firebase project's users by Google's keys, and by none of the local issuer", () => {
  expect(issuers(['my-project'], [])).toMatchObject([
    {
      kind: 'firebase',
      projectId: 'my-project',
      jwksUrl: expect.stringContaining('https://www.googleapis.com/'),
    },
    { kind: 'supabase', url: LOCAL.SUPABASE_URLS },
  ])
})
