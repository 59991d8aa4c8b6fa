import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createDeadline, timedOut } from '../../../../edge/metering/deadline.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('aborts with a time-out when its time is over, and not before', () => {
  const { signal } = createDeadline(new AbortController().signal, 1000)
  vi.advanceTimersByTime(999)
  expect(signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect([signal.aborted, timedOut(signal.reason)]).toEqual([true, true])
})

it('aborts with the client, which is no time-out', () => {
  const client = new AbortController()
  const { signal } = createDeadline(client.signal, 1000)
  client.abort()
  vi.advanceTimersByTime(2000)
  expect([signal.aborted, timedOut(signal.reason)]).toEqual([true, false])
})

it('is over at once for a client that has left before', () => {
  expect(createDeadline(AbortSignal.abort(), 1000).signal.aborted).toBe(true)
})

it('leaves no timer behind once nothing is waited for', () => {
  const { clear } = createDeadline(new AbortController().signal, 1000)
  expect(vi.getTimerCount()).toBe(1)
  clear()
  expect(vi.getTimerCount()).toBe(0)
})

it('whatever a time-out made fail has its reason', () => {
  expect(timedOut(new DOMException('late', 'TimeoutError'))).toBe(true)
  for (const other of [new DOMException('gone', 'AbortError'), new Error('TimeoutError'), undefined])
    expect(timedOut(other)).toBe(false)
})
