import { expect, test } from 'vitest'
import { type InStep, mayBegin } from '../../../../inference-host/seq2seq/plan.ts'

const group = (tokens: number, rows: number, paused = 0): InStep => ({ tokens, rows, paused })

test('where nothing is under way, or has just begun, whoever waits begins', () => {
  expect(mayBegin([], 1)).toBe(true)
  expect(mayBegin([], 0)).toBe(false)
  expect(mayBegin([group(1, 8)], 1)).toBe(true)
  expect(mayBegin([group(1, 1), group(20, 8)], 1)).toBe(true)
})

test('newcomers gather until there are three for each that stands still for them', () => {
  expect(mayBegin([group(20, 2)], 5)).toBe(false)
  expect(mayBegin([group(20, 2)], 6)).toBe(true)
})

test('two groups at most, so that one that is overtaken is not overtaken again before it goes on', () => {
  expect(mayBegin([group(5, 1), group(20, 1)], 9)).toBe(false)
})

test('nobody stands still again who stood still longer than it wrote', () => {
  expect(mayBegin([group(20, 1, 20)], 3)).toBe(true)
  expect(mayBegin([group(20, 1, 21)], 3)).toBe(false)
})
