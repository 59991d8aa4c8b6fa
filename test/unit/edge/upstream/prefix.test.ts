import { expect, it } from 'vitest'
import { between, hashOf, mixed, prefixOf } from '../../../../edge/upstream/prefix.ts'

const chat = (...texts: string[]) => ({ messages: texts.map((content) => ({ role: 'user', content })) })

it('stays the same while a chat goes on, and differs by account and beginning', () => {
  const begun = prefixOf('ada', chat('You are terse.', 'Hello'))
  expect(begun).toBeTypeOf('number')
  expect(prefixOf('ada', chat('You are terse.', 'Hello', 'Hi', 'More'))).toBe(begun)
  expect(prefixOf('bob', chat('You are terse.', 'Hello'))).not.toBe(begun)
  expect(prefixOf('ada', chat('You are terse.', 'Bye'))).not.toBe(begun)
})

it('looks at the beginning of a prompt alone', () => {
  const long = 'x'.repeat(512)
  expect(prefixOf('ada', { prompt: `${long}a` })).toBe(prefixOf('ada', { prompt: `${long}b` }))
  expect(prefixOf('ada', { prompt: 'a' })).not.toBe(prefixOf('ada', { prompt: 'b' }))
})

it('is nothing for what no cache has', () => {
  expect(prefixOf('ada', { input: ['text'] })).toBeUndefined()
})

it('takes a call without content as it is', () => {
  expect(prefixOf('ada', { messages: [{ role: 'assistant', content: null }] })).toBeTypeOf('number')
})

it('hashes as FNV-1a and MurmurHash3 do', () => {
  // isthe.com/chongo/src/fnv/test_fnv.c: "foobar"
  expect(hashOf('foobar') >>> 0).toBe(0xbf9cf968)
  expect(mixed(0)).toBe(0)
  expect(mixed(1)).toBe(0x514e28b7)
  for (const bits of [0, 2 ** 32 - 1]) {
    expect(between(bits)).toBeGreaterThan(0)
    expect(between(bits)).toBeLessThan(1)
  }
})
