import { expect, it } from 'vitest'
import { settledWithin, within } from '../../../shared/within.ts'

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
