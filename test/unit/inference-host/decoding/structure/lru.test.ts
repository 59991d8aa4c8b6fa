import { expect, it } from 'vitest'
import { createLru } from '../../../../../inference-host/decoding/structure/lru.ts'

it('forgets what was used the longest ago, by being read or written', () => {
  const held = createLru<string, number>(2)
  held.set('a', 1)
  held.set('b', 2)
  held.get('a')
  held.set('c', 3)
  expect([held.get('a'), held.get('b'), held.get('c')]).toEqual([1, undefined, 3])
  held.set('a', 4)
  held.set('d', 5)
  expect([held.get('a'), held.get('c'), held.get('d')]).toEqual([4, undefined, 5])
})
