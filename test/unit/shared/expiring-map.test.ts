import { expect, it } from 'vitest'
import { createExpiringMap } from '../../../shared/expiring-map.ts'

function world(capacity = 2) {
  const clock = { ms: 0 }
  return { clock, map: createExpiringMap<string, number>({ capacity, now: () => clock.ms }) }
}

it('forgets an entry at its end, to the millisecond', () => {
  const { clock, map } = world()
  map.set('a', 1, 10)
  clock.ms = 9
  expect(map.get('a')).toBe(1)
  clock.ms = 10
  expect(map.get('a')).toBeUndefined()
  clock.ms = 9
  expect(map.get('a')).toBeUndefined()
})

it('gives up what was set the longest ago for what is new, and nothing for what is set anew', () => {
  const { map } = world()
  map.set('a', 1, 10)
  map.set('b', 2, 10)
  map.set('a', 3, 10)
  expect([map.get('a'), map.get('b')]).toEqual([3, 2])
  map.set('c', 4, 10)
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, undefined, 4])
})

it('keeps values that are nothing much, and keys that look alike apart', () => {
  const { map } = world()
  map.set('1', 0, 10)
  expect([map.get('1'), map.get('01')]).toEqual([0, undefined])
})
