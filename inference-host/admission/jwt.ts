import { errors, type JWTPayload, jwtVerify } from 'jose'
import { TwohopError } from '../../shared/errors.ts'
import type { PublicKeys } from './jwks.ts'

/** Seconds by which the edge's clock and ours may differ. */
export const CLOCK_TOLERANCE = 5

/** Whose word it has to be, and what for. */
type Kind = { issuer: string; audience: string; algorithm: string }

/**
 * The payload of a JWT that is signed by one of `keys` and still valid.
 * @param now milliseconds since the epoch
 * @throws TwohopError `service_token_expired`, or `service_token_invalid` for any other fault
 */
export async function verifyJwt(
  token: string,
  keys: PublicKeys,
  { issuer, audience, algorithm }: Kind,
  now: () => number,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.get(kid ?? '')
        if (key === undefined) throw invalidToken('its key is not known here')
        return key
      },
      {
        algorithms: [algorithm],
        issuer,
        audience,
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
    throw invalidToken('it does not verify', error)
  }
}

/** The refusal of a token that proves nothing. `why` is shown to the edge, `cause` is not. */
export function invalidToken(why: string, cause?: unknown): TwohopError {
  return new TwohopError('service_token_invalid', `The service token is refused: ${why}.`, { cause })
}
