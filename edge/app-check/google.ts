import * as z from 'zod'
import { baseUrl } from '../../shared/base-url.ts'
import { askJson } from '../sync/ask.ts'
import { createGoogleAccess } from '../sync/google-access.ts'
import type { ServiceAccount } from '../sync/google-token.ts'
import { SyncError } from '../sync/port.ts'
import type { AppCheck } from './port.ts'
import { invalid, notAsked, usedUp } from './refusal.ts'
import { type AppToken, createVerifyAppToken } from './tokens.ts'

const SCOPE = 'https://www.googleapis.com/auth/firebase'
const Consumed = z.looseObject({ alreadyConsumed: z.boolean().default(false) })

type Options = Omit<Parameters<typeof createVerifyAppToken>[0], 'jwksUrl'> & {
  /** App Check's base URL. */
  url: string
  /** Service accounts of the projects whose tokens are used up. */
  accounts: readonly ServiceAccount[]
  /** Milliseconds that each request may take; default 5000. */
  timeoutMs?: number
}

/**
 * App Check by Google's published keys, and by the REST call with which firebase-admin uses a token up
 * (firebase.google.com/docs/reference/appcheck/rest/v1beta/projects/verifyAppCheckToken). The package is for Node
 * (edge/app-check/firebase-sdk.ts).
 */
export function createGoogleAppCheck({ url, accounts, ...options }: Options): AppCheck {
  const { fetch, now, timeoutMs = 5000 } = options
  const base = baseUrl(url)
  const verify = createVerifyAppToken({ ...options, jwksUrl: `${base}/v1/jwks` })
  const askers = accounts.map((account) => ({
    project: `projects/${account.project_id}`,
    accessToken: createGoogleAccess({ account, scope: SCOPE, fetch, now, timeoutMs }),
  }))

  async function useUp(token: string, { audience }: AppToken): Promise<boolean> {
    const asker = askers.find(({ project }) => audience.includes(project))
    if (!asker) throw invalid('nobody here may use up tokens of its project')
    const reply = await askJson({
      fetch,
      url: `${base}/v1beta/${asker.project}:verifyAppCheckToken`,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await asker.accessToken()}` },
      body: JSON.stringify({ app_check_token: token }),
      timeoutMs,
    })
    return Consumed.parse(reply).alreadyConsumed
  }

  return {
    async verify(token) {
      await verify(token)
    },
    async consume(token) {
      // Nobody's word makes the edge ask Google but that of a genuine app.
      const verified = await verify(token)
      let before: boolean
      try {
        before = await useUp(token, verified)
      } catch (error) {
        throw error instanceof SyncError || error instanceof z.ZodError ? notAsked(error) : error
      }
      if (before) throw usedUp()
    },
  }
}
