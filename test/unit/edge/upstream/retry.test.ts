import { expect, it } from 'vitest'
import { seeded } from '../../../../bench/seeded.ts'
import { HostRefusal, NothingComputed } from '../../../../edge/upstream/port.ts'
import { isSafe, pauseBefore, tellingOf } from '../../../../edge/upstream/retry.ts'
import { type ErrorCode, TwohopError } from '../../../../shared/errors.ts'

const refusal = (code: ErrorCode, retryAfterMs?: number) =>
  new HostRefusal(code, 'no', retryAfterMs === undefined ? {} : { retryAfterMs }, 0)

it.each([
  ['a host that is busy', refusal('host_busy'), true],
  ['a host that starts or stops', refusal('host_not_ready'), true],
  ['nobody reached', new NothingComputed('host_unavailable', 'x'), true],
  ['a refused key', new NothingComputed('host_failed', 'x'), true],
  ['a connection that broke', new TwohopError('host_unavailable', 'x'), false],
  ['a late answer', new TwohopError('host_timeout', 'x'), false],
  ['a failure', new TwohopError('host_failed', 'x'), false],
  ['a bad request', refusal('invalid_request'), false],
  ['an account with too much under way', refusal('too_many_concurrent'), false],
  ['something else', new Error('x'), false],
])('another place may be asked after %s: %s', (_, error, safe) => {
  expect(isSafe(error)).toBe(safe)
})

it('waits any time up to a bound that doubles, and as long as an upstream asks', () => {
  const busy = [refusal('host_busy')]
  const most = (round: number) => pauseBefore(round, busy, () => 1)
  expect([most(0), most(1), most(2), most(4), most(5), most(50)]).toEqual([100, 200, 400, 1600, 2000, 2000])
  const random = seeded(3)
  const pauses = Array.from({ length: 1000 }, () => pauseBefore(0, busy, random) ?? Number.NaN)
  expect(Math.min(...pauses)).toBeLessThan(2)
  expect(Math.max(...pauses)).toBeGreaterThan(98)
  expect(pauses.reduce((sum, ms) => sum + ms, 0) / 1000).toBeCloseTo(50, -1)
  expect(pauseBefore(0, [refusal('host_busy', 1500), refusal('host_busy', 900)], () => 0)).toBe(900)
})

it('does not wait where that is of no use, or too long', () => {
  expect(pauseBefore(0, [], () => 0)).toBeUndefined()
  expect(pauseBefore(0, [new NothingComputed('host_failed', 'x')], () => 0)).toBeUndefined()
  expect(pauseBefore(0, [refusal('host_busy', 2001)], () => 0)).toBeUndefined()
})

it('tells of what passes rather than of what does not', () => {
  const [unsupported, busy] = [new NothingComputed('invalid_request', 'x'), refusal('host_busy', 900)]
  expect(tellingOf([unsupported, busy])).toBe(busy)
  expect(tellingOf([unsupported])).toBe(unsupported)
  // Nobody was asked.
  expect(tellingOf([])).toBeInstanceOf(NothingComputed)
  expect(tellingOf([]).code).toBe('host_unavailable')
})
