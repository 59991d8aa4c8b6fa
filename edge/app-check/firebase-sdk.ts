import type { AppCheck as SdkAppCheck } from 'firebase-admin/app-check'
import type { AppCheck } from './port.ts'
import { invalid, notAsked, usedUp } from './refusal.ts'

/** App Check of the project in which a function runs, by firebase-admin and with the platform's own credentials. */
export function createFirebaseSdkAppCheck(sdk: Pick<SdkAppCheck, 'verifyToken'>): AppCheck {
  return {
    async verify(token) {
      await sdk.verifyToken(token).catch(refuse)
    },
    async consume(token) {
      const { alreadyConsumed } = await sdk.verifyToken(token, { consume: true }).catch(refuse)
      if (alreadyConsumed !== false) throw usedUp()
    },
  }
}

/** The package's message may repeat what was sent, so its code alone counts. */
function refuse(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'app-check/app-check-token-expired') throw invalid('it has expired')
  if (code === 'app-check/invalid-argument') throw invalid('it is no token of this project')
  throw notAsked(error)
}
