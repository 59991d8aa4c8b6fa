import { expect, it } from 'vitest'
import { toHex } from '../../../shared/hex.ts'
import { secondAfter, secondOf, secondsOfWait } from '../../../shared/seconds.ts'

it('rounds instants down, ends of tokens up, and waits up, which are never below 0', () => {
  expect([0, 999, 1000, 1_795_000_000_999].map(secondOf)).toEqual([0, 0, 1, 1_795_000_000])
  expect([0, 1, 1000, 1001].map(secondAfter)).toEqual([0, 1, 1, 2])
  expect([-1500, 0, 1, 1000, 1001].map(secondsOfWait)).toEqual([0, 0, 1, 1, 2])
})

it('writes two digits a byte', () => {
  expect(toHex(new Uint8Array([0, 9, 16, 255]).buffer)).toBe('000910ff')
})
