import { describe, expect, it } from 'vitest'
import { retryAfterSeconds as inClient } from '../../../client/retry-after.ts'
import { retryAfterSeconds } from '../../../shared/retry-after.ts'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7)

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['17', 17],
    ['1.5', 1.5],
    // The forms of RFC 9110, section 5.6.7.
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30],
    ['Sun Nov  6 08:49:37 1994', 30],
    ['Sun, 06 Nov 1994 08:49:06 GMT', 0],
  ])('of "%s" is %d s', (value, seconds) => {
    expect(retryAfterSeconds(value, NOW)).toBe(seconds)
  })

  it.each(['', ' ', '-1', '1e9', '0x10', 'Infinity', 'soon', 'soon 5', '5 s', 'Sunday'])(
    'of "%s" says nothing',
    (value) => {
      expect(retryAfterSeconds(value, NOW)).toBeUndefined()
    },
  )

  it('says nothing where there is none', () => {
    expect(retryAfterSeconds(null)).toBeUndefined()
  })

  it('is the same in the client, which imports nothing', () => {
    for (const value of [null, '', 'soon', '0', '17', '1.5', 'Sun, 06 Nov 1994 08:49:37 GMT'])
      expect(inClient(value)).toBe(retryAfterSeconds(value))
    const later = new Date(Date.now() + 3_600_000).toUTCString()
    expect(Math.abs((inClient(later) ?? 0) - (retryAfterSeconds(later) ?? 0))).toBeLessThan(3)
  })
})
