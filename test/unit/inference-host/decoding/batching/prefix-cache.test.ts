import { describe, expect, test } from 'vitest'
import { createKvBuffer, hostBuffers } from '../../../../../inference-host/decoding/batching/kv-buffer.ts'
import { createPrefixCache } from '../../../../../inference-host/decoding/batching/prefix-cache.ts'
import {
  PUBLIC,
  prefixKeys,
  publicLength,
} from '../../../../../inference-host/decoding/batching/prefix-keys.ts'
import { bytesPerToken } from '../../../../../inference-host/decoding/batching/shape.ts'
import { createMemory } from '../../../../../inference-host/platform/memory.ts'
import { SHAPE } from '../../../../fixtures/decoding/hashing-decoder.ts'

const BLOCK = 4
const BYTES = BLOCK * bytesPerToken(SHAPE)
const slot = createKvBuffer(SHAPE, 1, 32)

const cacheOf = (blocks: number) => {
  const memory = createMemory(blocks * BYTES)
  return { memory, cache: createPrefixCache(SHAPE, memory, BLOCK, hostBuffers(SHAPE)) }
}
const chain = (name: string, length: number) => Array.from({ length }, (_, i) => `${name}${i}`)

describe('where memory is short', () => {
  test('the least recently used prefix goes first, and of a prefix its end', () => {
    const { cache } = cacheOf(5)
    cache.store(chain('a', 2), slot, 0)
    cache.store(chain('b', 3), slot, 0)
    cache.restore(chain('a', 2), slot, 0)
    cache.store(chain('c', 1), slot, 0)
    expect([cache.held(chain('a', 2)), cache.held(chain('b', 3)), cache.held(chain('c', 1))]).toEqual([
      2, 2, 1,
    ])
  })

  test('a prefix never gives up its own beginning for its end', () => {
    const { cache, memory } = cacheOf(3)
    cache.store(chain('a', 5), slot, 0)
    expect(cache.held(chain('a', 5))).toBe(3)
    expect(memory.used).toBe(3 * BYTES)
  })

  test('blocks are given up for others who need the bytes, and no more than that', () => {
    const { cache, memory } = cacheOf(4)
    memory.onShortage(cache.release)
    cache.store(chain('a', 4), slot, 0)
    memory.take(BYTES + 1)
    expect(cache.blocks).toBe(2)
    expect(() => memory.take(3 * BYTES)).toThrow('do not fit')
    expect(cache.blocks).toBe(0)
  })
})

describe('keys', () => {
  const prompt = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  test('stand for everything up to a block, and its namespace', () => {
    const keys = prefixKeys(prompt, 4, () => 'account:ann')
    expect(keys).toHaveLength(2)
    expect(prefixKeys([...prompt.slice(0, 8), 77], 4, () => 'account:ann')).toEqual(keys)
    const changed = prefixKeys([0, ...prompt.slice(1)], 4, () => 'account:ann')
    const other = prefixKeys(prompt, 4, () => 'account:bob')
    expect(new Set([...keys, ...changed, ...other]).size).toBe(6)
  })

  test('end where nothing may be shared', () => {
    expect(prefixKeys(prompt, 4, (end) => (end <= 4 ? PUBLIC : undefined))).toHaveLength(1)
    expect(prefixKeys(prompt, 4, () => undefined)).toEqual([])
  })

  test('of the longest public prefix that a prompt begins with', () => {
    expect(
      publicLength(prompt, [
        [1, 2],
        [1, 2, 3],
        [1, 9],
        [...prompt, 10],
      ]),
    ).toBe(3)
    expect(publicLength(prompt, [[2]])).toBe(0)
  })
})
