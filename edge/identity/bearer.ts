import { TwohopError } from '../../shared/errors.ts'

/** What a token may be made of (RFC 6750 section 2.1). */
const TOKEN = '[\\w.~+/-]+=*'
const IN_BEARER = new RegExp(`^Bearer +(${TOKEN}) *$`, 'i')
const ALONE = new RegExp(`^${TOKEN}$`)

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 section 2.1). Query and form parameters are ignored, because
 * they end up in logs.
 * @throws TwohopError token_missing where there is no such header or it has another scheme; token_malformed where
 *   `Bearer` is not followed by exactly one token
 */
export function bearerToken(headers: Headers): string {
  const value = headers.get('authorization')
  if (value === null || !/^Bearer(?: |$)/i.test(value)) {
    throw new TwohopError(
      'token_missing',
      'Send your access token in the header `Authorization: Bearer <token>`.',
    )
  }
  const token = IN_BEARER.exec(value)?.[1]
  if (token === undefined) {
    throw new TwohopError(
      'token_malformed',
      'The header must be `Authorization: Bearer <token>` with one token.',
    )
  }
  return token
}

/**
 * The same, or the token in the header `x-api-key` where there is no such header: Anthropic's clients send it there.
 * @throws TwohopError token_missing or token_malformed, also where the two headers say different things
 */
export function bearerOrKey(headers: Headers): string {
  const key = headers.get('x-api-key')
  if (key === null) return bearerToken(headers)
  if (headers.get('authorization') === null) {
    if (ALONE.test(key)) return key
    throw new TwohopError('token_malformed', 'The header must be `x-api-key: <token>` with one token.')
  }
  const token = bearerToken(headers)
  if (token === key) return token
  throw new TwohopError(
    'token_malformed',
    'Send one token: in `Authorization: Bearer <token>` or in `x-api-key`, not another in each.',
  )
}
