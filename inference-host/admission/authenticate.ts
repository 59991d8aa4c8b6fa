import { TwohopError } from '../../shared/errors.ts'
import { SERVICE_TOKEN, ServiceClaims } from '../../shared/service-token.ts'
import type { PublicKeys } from './jwks.ts'
import { CLOCK_TOLERANCE, invalidToken, verifyJwt } from './jwt.ts'
import type { ReplayGuard } from './replay.ts'

/** Checks a request's service token and gives its claims. The body is checked apart, once it is read. */
export type Authenticate = (authorization: string | undefined, route: string) => Promise<ServiceClaims>

/**
 * An Authenticate over `keys`. It throws TwohopError `service_token_missing`, `service_token_expired` or
 * `service_token_invalid`. The last is for any other fault of the token, such as one that was made for another `route`.
 * @param now milliseconds since the epoch
 */
export function createAuthenticate(keys: PublicKeys, now: () => number = Date.now): Authenticate {
  return async function authenticate(authorization, route) {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined)
      throw new TwohopError('service_token_missing', 'A service token is needed: authorization: Bearer.')
    const parsed = ServiceClaims.safeParse(await verifyJwt(token, keys, SERVICE_TOKEN, now))
    if (!parsed.success)
      throw invalidToken(`claim ${parsed.error.issues[0]?.path.join('.') || 'set'} is not valid`)
    const claims = parsed.data
    const seconds = now() / 1000
    if (claims.exp - claims.iat > SERVICE_TOKEN.lifetimeSeconds)
      throw invalidToken(`it lives for more than ${SERVICE_TOKEN.lifetimeSeconds} s`)
    if (claims.iat > seconds + CLOCK_TOLERANCE) throw invalidToken('it was issued in the future')
    if (claims.route !== route) throw invalidToken('it was made for another route')
    return claims
  }
}

/**
 * An Authenticate that takes each token once, whatever becomes of its request. The token counts as used in the very step
 * in which it is found valid, so of replays that race each other or the request itself, or whose body comes slowly until
 * the token has expired and is forgotten, none gets further. It throws what ReplayGuard.use does too.
 */
export function once(authenticate: Authenticate, replays: ReplayGuard): Authenticate {
  return async function authenticateOnce(authorization, route) {
    const claims = await authenticate(authorization, route)
    replays.use(claims.jti, claims.exp + CLOCK_TOLERANCE)
    return claims
  }
}
