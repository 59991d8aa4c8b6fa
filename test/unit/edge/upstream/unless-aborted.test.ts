import { expect, it } from 'vitest'
import { unlessAborted } from '../../../../edge/upstream/unless-aborted.ts'

it('resolves and rejects with the promise, whose end takes its listener away', async () => {
  const { signal } = new AbortController()
  expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1)
  await expect(unlessAborted(Promise.reject(new Error('x')), signal)).rejects.toThrow('x')
})

it('rejects with the reason at once, before or meanwhile, and lets the promise go on', async () => {
  const gone = new AbortController()
  const work = Promise.withResolvers<number>()
  const waiting = unlessAborted(work.promise, gone.signal)
  gone.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(unlessAborted(work.promise, gone.signal)).rejects.toThrow('gone')
  // Nobody is told of what it comes to.
  work.reject(new Error('late'))
  await expect(work.promise).rejects.toThrow('late')
})
