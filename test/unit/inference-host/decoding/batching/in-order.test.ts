import { expect, test } from 'vitest'
import { createInOrder } from '../../../../../inference-host/decoding/batching/in-order.ts'

test('each piece begins when the one before has ended, and nothing begins at once', async () => {
  const { later, settled } = createInOrder()
  const done: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  later(async () => {
    await promise
    done.push('first')
  })
  later(() => void done.push('second'))
  const after = settled()
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  later(async () => {
    await gate
    done.push('third')
  })
  expect(done).toEqual([])
  resolve()
  expect(await after).toBeUndefined()
  expect(done).toEqual(['first', 'second'])
  open()
  await settled()
  expect(done).toEqual(['first', 'second', 'third'])
})

test.each([
  [
    'throws',
    () => {
      throw new RangeError('no memory')
    },
  ],
  ['rejects', () => Promise.reject(new RangeError('no memory'))],
])('after a piece that %s nothing more is done, and its cause is told each time', async (_, task) => {
  const { later, settled } = createInOrder()
  const done: string[] = []
  later(() => void done.push('before'))
  later(task)
  later(() => void done.push('after'))
  for (let look = 0; look < 2; look++) expect(await settled()).toEqual({ cause: new RangeError('no memory') })
  expect(done).toEqual(['before'])
})
