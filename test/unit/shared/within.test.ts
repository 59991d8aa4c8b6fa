import { expect, it } from 'vitest'
import { orAborted, settledWithin, within } from '../../../shared/within.ts'

it('waits for a task, and not longer than it is told', async () => {
  let done = false
  await settledWithin(
    600_000,
    new Promise<void>((resolve) =>
      setImmediate(() => {
        done = true
        resolve()
      }),
    ),
  )
  expect(done).toBe(true)
  await settledWithin(1, new Promise(() => {}))
})

it('fails as the task does', async () => {
  await expect(settledWithin(600_000, Promise.reject(new RangeError('so')))).rejects.toThrow('so')
})

it('gives what a task gives in time, or the error for one that is late', async () => {
  const late = () => new RangeError('late')
  expect(await within(600_000, Promise.resolve(7), late)).toBe(7)
  await expect(within(600_000, Promise.reject(new TypeError('so')), late)).rejects.toThrow('so')
  await expect(within(1, new Promise(() => {}), late)).rejects.toThrow('late')
})

it('resolves and rejects with the promise, whose end takes its listener away', async () => {
  const { signal } = new AbortController()
  expect(await orAborted(Promise.resolve(1), signal)).toBe(1)
  await expect(orAborted(Promise.reject(new Error('x')), signal)).rejects.toThrow('x')
})

it('rejects with the reason at once, before or meanwhile, and lets the promise go on', async () => {
  const gone = new AbortController()
  const work = Promise.withResolvers<number>()
  const waiting = orAborted(work.promise, gone.signal)
  gone.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(orAborted(work.promise, gone.signal)).rejects.toThrow('gone')
  // Nobody is told of what it comes to.
  work.reject(new Error('late'))
  await expect(work.promise).rejects.toThrow('late')
})
