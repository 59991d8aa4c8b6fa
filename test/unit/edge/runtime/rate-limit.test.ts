import { expect, it } from 'vitest'
import { limiterOf } from '../../../../edge/runtime/rate-limit.ts'

it('asks the binding by the network, and is none without one', async () => {
  const keys: string[] = []
  const limiter = limiterOf({
    async limit({ key }) {
      keys.push(key)
      return { success: keys.length < 2 }
    },
  })
  expect([await limiter?.('192.0.2.1'), await limiter?.('192.0.2.1')]).toEqual([true, false])
  expect(keys).toEqual(['192.0.2.1', '192.0.2.1'])
  expect(limiterOf(undefined)).toBeUndefined()
})
