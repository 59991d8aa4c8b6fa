import { expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { fromFirebase, refuseCheckRevoked } from '../../../../edge/runtime/firebase-variables.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'

const config = (environment: Record<string, string>) =>
  edgeConfig(fromFirebase({ ...EDGE_NEEDS, ...environment }))
const PLATFORM = { FIREBASE_CONFIG: '{"projectId":"my-project"}', GCLOUD_PROJECT: 'my-project' }
const projects = (environment: Record<string, string>) => config(environment).FIREBASE_PROJECT_IDS

it('lets in the users of the project in which the function runs, or of those that are named', () => {
  expect(projects(PLATFORM)).toEqual(['my-project'])
  expect(projects({ GCLOUD_PROJECT: 'my-project' })).toEqual(['my-project'])
  expect(projects({ ...PLATFORM, FIREBASE_CONFIG: 'no json' })).toEqual(['my-project'])
  expect(projects({ ...PLATFORM, TWOHOP_FIREBASE_PROJECT_IDS: 'another-one' })).toEqual(['another-one'])
})

it("reads no name of the platform's as its own, and trusts nobody where nothing says whom", () => {
  expect(projects({ ...PLATFORM, FIREBASE_PROJECT_IDS: 'set-by-others' })).toEqual(['my-project'])
  expect(() => config({ FIREBASE_PROJECT_IDS: 'set-by-others' })).toThrow('no issuer is configured')
})

it('CHECK_REVOKED is for a function that lets in the users of its own project alone', () => {
  const said = (environment: Record<string, string>) => refuseCheckRevoked(environment).map(String)
  const complaint = (own: string) => [
    `CHECK_REVOKED: only the function's own project (${own}) can be asked: no other may be in TWOHOP_FIREBASE_PROJECT_IDS`,
  ]
  const others = { ...PLATFORM, TWOHOP_FIREBASE_PROJECT_IDS: 'my-project, another-one' }
  const asked = { CHECK_REVOKED: 'true' }
  expect(said({ ...PLATFORM, ...asked })).toEqual([])
  expect(said({ ...PLATFORM, ...asked, TWOHOP_FIREBASE_PROJECT_IDS: 'my-project' })).toEqual([])
  expect(said({ ...others, ...asked })).toEqual(complaint('my-project'))
  expect(said({ ...asked, TWOHOP_FIREBASE_PROJECT_IDS: 'another-one' })).toEqual(complaint('there is none'))
  expect(said({ ...others, CHECK_REVOKED: 'false' })).toEqual([])
})
