import { TwohopError } from '../../shared/errors.ts'

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
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(value)?.[1]
  if (token === undefined) {
    throw new TwohopError(
      'token_malformed',
      'The header must be `Authorization: Bearer <token>` with one token.',
    )
  }
  return token
}
