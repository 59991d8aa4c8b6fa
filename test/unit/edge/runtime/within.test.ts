import { expect, it } from 'vitest'
import { within } from '../../../../edge/runtime/within.ts'

it('waits for a task, and not longer than it is told', async () => {
  let done = false
  await within(
    600_000,
    new Promise<void>((resolve) =>
      setImmediate(() => {
        done = true
        resolve()
      }),
    ),
  )
  expect(done).toBe(true)
  await within(1, new Promise(() => {}))
})

it('fails as the task does', async () => {
  await expect(within(600_000, Promise.reject(new RangeError('so')))).rejects.toThrow('so')
})
