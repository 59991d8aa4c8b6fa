import { errors, type JWTPayload, jwtVerify } from 'jose'
import { TwohopError } from '../../shared/errors.ts'
import { SERVICE_TOKEN, ServiceClaims } from '../../shared/service-token.ts'
import type { PublicKeys } from './keys.ts'

/** Seconds by which the edge's clock and ours may differ. */
export const CLOCK_TOLERANCE = 5

/** Checks a request's service token and gives its claims. The body is checked apart, once it is read. */
export type Authenticate = (authorization: string | undefined, route: string) => Promise<ServiceClaims>

/**
 * An Authenticate over `keys`. It throws TwohopError `service_token_missing`, `service_token_expired`, or
 * `service_token_invalid` for everything else that is wrong with the token, `route` not being what it was made for
 * included.
 * @param now milliseconds since the epoch
 */
export function createAuthenticate(keys: PublicKeys, now: () => number = Date.now): Authenticate {
  return async function authenticate(authorization, route) {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined)
      throw new TwohopError('service_token_missing', 'A service token is needed: authorization: Bearer.')
    const parsed = ServiceClaims.safeParse(await verify(token))
    if (!parsed.success) throw invalid(`claim ${parsed.error.issues[0]?.path.join('.')} is not valid`)
    const claims = parsed.data
    const seconds = now() / 1000
    if (claims.exp - claims.iat > SERVICE_TOKEN.lifetimeSeconds)
      throw invalid(`it lives for more than ${SERVICE_TOKEN.lifetimeSeconds} s`)
    if (claims.iat > seconds + CLOCK_TOLERANCE) throw invalid('it was issued in the future')
    if (claims.route !== route) throw invalid('it was made for another route')
    return claims
  }

  async function verify(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid }) => {
          const key = keys.get(kid ?? '')
          if (key === undefined) throw invalid('its key is not known here')
          return key
        },
        {
          algorithms: [SERVICE_TOKEN.algorithm],
          issuer: SERVICE_TOKEN.issuer,
          audience: SERVICE_TOKEN.audience,
          clockTolerance: CLOCK_TOLERANCE,
          currentDate: new Date(now()),
          requiredClaims: ['exp', 'iat', 'jti', 'sub'],
        },
      )
      return payload
    } catch (error) {
      if (error instanceof TwohopError) throw error
      if (error instanceof errors.JWTExpired)
        throw new TwohopError('service_token_expired', 'The service token has expired.', { cause: error })
      throw invalid('it does not verify', error)
    }
  }
}

function invalid(why: string, cause?: unknown): TwohopError {
  return new TwohopError('service_token_invalid', `The service token is refused: ${why}.`, { cause })
}
