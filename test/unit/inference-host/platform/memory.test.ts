import { expect, test } from 'vitest'
import { createMemory } from '../../../../inference-host/platform/memory.ts'

test('what is taken is counted, up to the limit, and remembered at its most', () => {
  const memory = createMemory(10)
  memory.take(6)
  expect([memory.fits(4), memory.fits(5)]).toEqual([true, false])
  memory.take(4)
  memory.give(9)
  expect(memory).toMatchObject({ limit: 10, used: 1, peak: 10 })
})

test('room is made by those who registered, in that order, and only as far as it has to be', () => {
  const memory = createMemory(10)
  const asked: string[] = []
  const releasing = (name: string, bytes: number) =>
    memory.onShortage((missing) => {
      asked.push(`${name}: ${missing}`)
      memory.give(bytes)
    })
  releasing('first', 2)
  releasing('second', 3)
  memory.take(10)
  memory.take(1)
  expect([asked, memory.used]).toEqual([['first: 1'], 9])
  memory.take(5)
  expect([asked, memory.used]).toEqual([['first: 1', 'first: 4', 'second: 2'], 9])
})

test('more than there can be room for is an error that takes nothing', () => {
  const memory = createMemory(10)
  memory.onShortage(() => {})
  memory.take(4)
  expect(() => memory.take(7)).toThrow('7 bytes do not fit beside 4 in 10')
  expect(memory.used).toBe(4)
})
