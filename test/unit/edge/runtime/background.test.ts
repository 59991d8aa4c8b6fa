import { expect, it } from 'vitest'
import { createBackground } from '../../../../edge/runtime/background.ts'

it('is idle once all that was begun has ended, also what began meanwhile and what failed', async () => {
  const background = createBackground()
  const order: string[] = []
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  background.add(
    first.promise.then(() => {
      order.push('first')
      background.add(second.promise.then(() => order.push('second')))
    }),
  )
  background.add(Promise.reject(new Error('nobody waits for this one')))
  const idle = background.idle().then(() => order.push('idle'))
  first.resolve()
  await new Promise(setImmediate)
  expect(order).toEqual(['first'])
  second.resolve()
  await idle
  expect(order).toEqual(['first', 'second', 'idle'])
})

it('is idle at once where there is nothing', async () => {
  await createBackground().idle()
})
