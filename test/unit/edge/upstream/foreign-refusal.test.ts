import { expect, it } from 'vitest'
import { busy } from '../../../../edge/upstream/foreign-refusal.ts'

const inAMinute = () => new Date(Date.now() + 60_000).toUTCString()

it('passes on the time that a busy vendor asks for, in each of its forms', () => {
  expect(busy(new Headers({ 'retry-after': '17' }))).toMatchObject({ retryAfterMs: 17_000 })
  expect(busy(new Headers({ 'retry-after-ms': '1250.5', 'retry-after': '17' }))).toMatchObject({
    retryAfterMs: 1251,
  })
  const { retryAfterMs = 0 } = busy(new Headers({ 'retry-after': inAMinute() }))
  expect(retryAfterMs).toBeGreaterThan(50_000)
  expect(retryAfterMs).toBeLessThanOrEqual(60_000)
})

it.each(['0', '-1', 'soon', '3601', 'Thu, 01 Jan 2026 00:00:00 GMT'])('passes on no "%s"', (value) => {
  expect(busy(new Headers({ 'retry-after': value })).retryAfterMs).toBeUndefined()
})
