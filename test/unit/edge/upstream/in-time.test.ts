import { expect, it } from 'vitest'
import { inTime, pause } from '../../../../edge/upstream/in-time.ts'

/** Rejects when the signal aborts. */
const hanging = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

it('a call that begins late has timed out; one without a bound has not', async () => {
  const { signal } = new AbortController()
  await expect(inTime(1, signal, hanging)).rejects.toMatchObject({ code: 'host_timeout' })
  expect(await inTime(1000, signal, async () => 'answer')).toBe('answer')
  expect(await inTime(undefined, signal, async (own) => own)).toBe(signal)
})

it('a caller that goes is no late answer', async () => {
  const client = new AbortController()
  const call = inTime(60_000, client.signal, hanging)
  client.abort(new RangeError('gone'))
  await expect(call).rejects.toThrow(RangeError)
})

it('what has begun is ended by its caller alone', async () => {
  const client = new AbortController()
  const begun = await inTime(1, client.signal, async (signal) => signal)
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(begun.aborted).toBe(false)
  client.abort()
  expect(begun.aborted).toBe(true)
})

it('a pause ends by itself, or when its caller goes', async () => {
  const client = new AbortController()
  await pause(1, client.signal)
  const waiting = pause(60_000, client.signal)
  client.abort(new RangeError('gone'))
  await expect(waiting).rejects.toThrow(RangeError)
  await expect(pause(1, client.signal)).rejects.toThrow(RangeError)
})
