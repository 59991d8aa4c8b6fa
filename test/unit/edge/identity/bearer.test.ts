import { describe, expect, it } from 'vitest'
import { bearerToken } from '../../../../edge/identity/bearer.ts'
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
