import type { Auth } from 'firebase-admin/auth'
import { mergedClaims } from './firebase-admin.ts'
import { type AdminOf, SyncError } from './port.ts'

/** What is used of firebase-admin's own Auth. */
export type FirebaseAuth = Pick<Auth, 'getUser' | 'setCustomUserClaims' | 'revokeRefreshTokens'>

/** Administration of the project in which a function runs, by firebase-admin and with the platform's own credentials. */
export const createFirebaseSdkAdmin =
  (auth: FirebaseAuth): AdminOf =>
  (names) => ({
    async setState(subject, state) {
      const { customClaims = {} } = await done(auth.getUser(subject))
      await done(auth.setCustomUserClaims(subject, mergedClaims(customClaims, names, state)))
    },
    endSessions: (subject) => done(auth.revokeRefreshTokens(subject)),
  })

/** @throws SyncError by the package's code. Its message can repeat what was sent. */
async function done<Value>(task: Promise<Value>): Promise<Value> {
  try {
    return await task
  } catch (error) {
    if (error instanceof SyncError) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'auth/user-not-found') throw new SyncError('user_unknown', 'Firebase knows no such user.')
    if (code === 'auth/claims-too-large')
      throw new SyncError('claims_too_large', 'The custom claims would be too long.')
    throw new SyncError(REFUSALS.has(code) ? 'refused' : 'unavailable', 'Firebase did not do it.')
  }
}

const REFUSALS = new Set<unknown>([
  'auth/insufficient-permission',
  'auth/invalid-uid',
  'auth/invalid-argument',
])
