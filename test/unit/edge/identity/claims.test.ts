import { expect, it } from 'vitest'
import * as z from 'zod'
import { assertIssued, assertPast, readClaims } from '../../../../edge/identity/claims.ts'
import { refusal } from '../../../fixtures/entitled.ts'

it('claims that cannot be read are refused by their path and the rule, without their value', () => {
  const read = () => readClaims(z.object({ status: z.enum(['a', 'b']) }), { status: 'a-secret' }, ['twohop'])
  expect(refusal(read)).toEqual(['token_claims_invalid', undefined])
  expect(read).toThrow("The token's claim `twohop.status` is not acceptable: must be a or b.")
  expect(read).not.toThrow(/a-secret/)
})

it('a time may lie five seconds ahead, as clocks differ, and not a sixth', () => {
  expect(refusal(() => assertPast('iat', 105, 100))).toBe('none')
  expect(refusal(() => assertPast('iat', 106, 100))).toEqual(['token_not_yet_valid', undefined])
})

it('a token is over 366 days after it was issued, whatever end it names', () => {
  const year = 366 * 86_400
  expect(refusal(() => assertIssued(100, 100 + year - 1))).toBe('none')
  expect(refusal(() => assertIssued(100, 100 + year))).toEqual(['token_expired', undefined])
  expect(refusal(() => assertIssued(106, 100))).toEqual(['token_not_yet_valid', undefined])
})
