import { describe, expect, it } from 'vitest'
import { assertTokenSize, decodeUnverified } from '../../../../edge/identity/compact-token.ts'
import { refusal } from '../../../fixtures/entitled.ts'

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const token = (header: unknown, payload: unknown = { iss: 'me' }, signature = 'AAAA') =>
  `${part(header)}.${part(payload)}.${signature}`
const HEADER = { alg: 'RS256', kid: 'k1' }

describe('a compact token', () => {
  it('says its algorithm, key and issuer, whatever these are', () => {
    expect(decodeUnverified(token(HEADER))).toEqual({ alg: 'RS256', kid: 'k1', iss: 'me' })
    expect(decodeUnverified(token({ alg: 'none' }, {}, ''))).toEqual({
      alg: 'none',
      kid: undefined,
      iss: undefined,
    })
  })

  it.each([
    ['two parts', 'e30.e30'],
    ['four parts', `${token(HEADER)}.AAAA`],
    ['no header', `.${part({})}.AAAA`],
    ['no payload', `${part(HEADER)}..AAAA`],
    ['base64 with padding', token(HEADER, { iss: 'me' }, 'AA==')],
    ['base64 of the other alphabet', token(HEADER, { iss: 'me' }, 'AA+/')],
    ['a second spelling of the same bytes', token(HEADER, { iss: 'me' }, 'AB')],
    ['a header that is a list', token([])],
    ['a header that is null', token('null')],
    ['a payload that is no JSON', token(HEADER, '{')],
    [
      'bytes that are no UTF-8',
      `${part(HEADER)}.${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.AAAA`,
    ],
    ['no algorithm', token({ kid: 'k1' })],
    ['an extension that it demands', token({ ...HEADER, crit: ['exp'] })],
  ])('of %s is malformed', (_, odd) => {
    expect(refusal(() => decodeUnverified(odd))).toEqual(['token_malformed', undefined])
  })

  it('may have 8 KiB and not a character more', () => {
    expect(refusal(() => assertTokenSize('x'.repeat(8192)))).toBe('none')
    expect(refusal(() => assertTokenSize('x'.repeat(8193)))).toEqual(['token_malformed', undefined])
  })
})
