import { describe, expect, it } from 'vitest'
import { bearerOrKey, bearerToken } from '../../../../edge/identity/bearer.ts'
import { TwohopError } from '../../../../shared/errors.ts'

const read = (authorization?: string) =>
  bearerToken(new Headers(authorization === undefined ? {} : { authorization }))
const codeOf = (authorization?: string) => {
  try {
    return read(authorization)
  } catch (error) {
    return (error as TwohopError).code
  }
}

describe('the Authorization header', () => {
  it.each(['Bearer a.b-c_d~e+f/g==', 'bearer a.b-c_d~e+f/g==', 'BEARER   a.b-c_d~e+f/g== '])(
    '%s',
    (header) => {
      expect(read(header)).toBe('a.b-c_d~e+f/g==')
    },
  )

  it.each([undefined, '', 'Basic YTpi', 'Bearertoken', 'Token abc'])('%s: token_missing', (header) => {
    expect(codeOf(header)).toBe('token_missing')
  })

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a, Bearer b', 'Bearer a=b', 'Bearer "a"', 'Bearer é'])(
    '%s: token_malformed',
    (header) => {
      expect(codeOf(header)).toBe('token_malformed')
    },
  )

  it('sent twice is malformed, and the message quotes nothing', () => {
    const headers = new Headers({ authorization: 'Bearer first-secret' })
    headers.append('authorization', 'Bearer second-secret')
    expect(() => bearerToken(headers)).toThrow(TwohopError)
    expect(() => bearerToken(headers)).not.toThrow(/secret/)
  })
})

describe('a token in x-api-key, or in Authorization', () => {
  const code = (headers: Record<string, string>) => {
    try {
      return bearerOrKey(new Headers(headers))
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  it.each<[Record<string, string>, string]>([
    [{ 'x-api-key': 'a.b-c' }, 'a.b-c'],
    [{ authorization: 'Bearer a' }, 'a'],
    [{ 'x-api-key': 'a', authorization: 'Bearer a' }, 'a'],
    [{ 'x-api-key': 'a', authorization: 'Bearer b' }, 'token_malformed'],
    [{ 'x-api-key': 'a', authorization: 'Basic a' }, 'token_missing'],
    [{ 'x-api-key': '' }, 'token_malformed'],
    [{ 'x-api-key': 'a, b' }, 'token_malformed'],
    [{}, 'token_missing'],
  ])('%o gives %s', (headers, expected) => {
    expect(code(headers)).toBe(expected)
  })
})
