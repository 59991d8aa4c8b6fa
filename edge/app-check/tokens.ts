import { errors, jwtVerify } from 'jose'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { TokenTime, TokenTimes } from '../identity/claims.ts'
import { assertTokenSize, decodeUnverified } from '../identity/compact-token.ts'
import { createJwksCache, type JwksCacheOptions } from '../identity/jwks.ts'
import { invalid } from './refusal.ts'

/** What signs the tokens of all projects' apps (firebase.google.com/docs/app-check/custom-resource-backend). */
const ISSUER = 'https://firebaseappcheck.googleapis.com'
const ALGORITHM = 'RS256'

const Claims = TokenTimes.extend({
  /** The app's id. */
  sub: z.string().min(1).max(256),
  aud: z.array(z.string().max(256)).max(20),
  iat: TokenTime,
})

type Options = JwksCacheOptions & {
  /** Where the public keys lie. */
  jwksUrl: string
  /** Numbers of the projects whose apps are let in. */
  projects: readonly string[]
}

/** A token that is good, and the projects that it names: by number, and mostly by id too. */
export type AppToken = { audience: readonly string[] }

/**
 * Verifies App Check tokens by Google's published keys, as its documentation tells backends without an SDK to.
 * @returns a function that throws TwohopError app_check_invalid, or keys_unavailable where the keys cannot be fetched
 */
export function createVerifyAppToken({ jwksUrl, projects, ...options }: Options) {
  const { now } = options
  const keyOf = createJwksCache(jwksUrl, options)

  async function verified(token: string): Promise<AppToken> {
    assertTokenSize(token)
    const { alg, kid, iss } = decodeUnverified(token)
    if (alg !== ALGORITHM) throw invalid(`its algorithm (\`alg\`) is not ${ALGORITHM}`)
    const project = projects.find((number) => iss === `${ISSUER}/${number}`)
    if (project === undefined)
      throw invalid('its issuer (`iss`) is not App Check of a project that is let in')
    const { payload } = await jwtVerify(token, await keyOf({ alg, kid }), {
      algorithms: [ALGORITHM],
      issuer: `${ISSUER}/${project}`,
      audience: `projects/${project}`,
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(now()),
    })
    const claims = Claims.safeParse(payload)
    if (!claims.success) throw invalid('its claims are not those of App Check', claims.error)
    return { audience: claims.data.aud }
  }

  return async function verifyAppToken(token: string): Promise<AppToken> {
    try {
      return await verified(token)
    } catch (error) {
      throw refusal(error)
    }
  }
}

/** What a bearer token is refused with would speak of the wrong header. */
function refusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return invalid('it has expired')
  if (error instanceof errors.JOSEError) return invalid('its signature or a claim does not fit', error)
  if (error instanceof TwohopError && error.code.startsWith('token_'))
    return invalid(error.code === 'token_key_unknown' ? 'Google did not sign it' : 'it is no JSON Web Token')
  return error
}
