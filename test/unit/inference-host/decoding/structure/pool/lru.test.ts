import { expect, it } from 'vitest'
import { createLru } from '../../../../../../inference-host/decoding/structure/pool/lru.ts'

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

it('holds no more than it may weigh, and nothing that weighs more by itself', () => {
  const held = createLru<string, string>(10, { most: 10, of: ({ length }) => length })
  const texts = () => ['a', 'b', 'c'].map((key) => held.get(key))
  held.set('a', 'aaaa')
  held.set('b', 'bbbb')
  held.set('c', 'cccc')
  expect(texts()).toEqual([undefined, 'bbbb', 'cccc'])
  held.set('c', 'c')
  held.set('a', 'aaaaa')
  expect(texts()).toEqual(['aaaaa', 'bbbb', 'c'])
  held.set('b', 'b'.repeat(11))
  expect(texts()).toEqual([undefined, undefined, undefined])
})
