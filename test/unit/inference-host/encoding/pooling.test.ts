import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { poolTokens, readPooling } from '../../../../inference-host/encoding/pooling.ts'
import { highest } from '../../../../inference-host/encoding/scores.ts'

/** Two tokens and one of padding, three numbers each. */
const values = { data: Float32Array.of(3, 4, 0, 1, 8, 2, 9, 9, 9), width: 3 }
const pool = (pooling: 'mean' | 'cls' | 'max' | 'last', more: object = {}) =>
  Array.from(poolTokens(values, 2, { pooling, normalize: false, ...more }))

test.each([
  ['mean', [2, 6, 1]],
  ['cls', [3, 4, 0]],
  ['max', [3, 8, 2]],
  ['last', [1, 8, 2]],
] as const)('%s takes the text’s tokens and no padding', (pooling, vector) => {
  expect(pool(pooling)).toEqual(vector)
})

test('fewer dimensions are the first ones, normalized anew', () => {
  expect(pool('cls', { dimensions: 2 })).toEqual([3, 4])
  const [x = 0, y = 0] = pool('cls', { dimensions: 2, normalize: true })
  expect([x, y]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)])
  expect(poolTokens({ data: new Float32Array(3), width: 3 }, 1, { pooling: 'cls', normalize: true })).toEqual(
    new Float32Array(3),
  )
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pooling-'))
  await mkdir(path.join(folder, '1_Pooling'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 10 }))
const asks = (config: object) => writeFile(path.join(folder, '1_Pooling/config.json'), JSON.stringify(config))

test('the pooling is what Sentence Transformers’ file says, the mean without one', async () => {
  expect(await readPooling(folder)).toBe('mean')
  await asks({ word_embedding_dimension: 3, pooling_mode_cls_token: true, pooling_mode_mean_tokens: false })
  expect(await readPooling(folder)).toBe('cls')
  await asks({ pooling_mode_lasttoken: true, include_prompt: true })
  expect(await readPooling(folder)).toBe('last')
})

test.each([
  { pooling_mode_weightedmean_tokens: true },
  { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true },
  {},
])('one that is not done here does not load: %o', async (config) => {
  await asks(config)
  await expect(readPooling(folder)).rejects.toThrow('pooling')
})

test('the highest values come first, of equal ones the first', () => {
  expect(highest([1, 5, 3, 5, 2], 3)).toEqual([1, 3, 2])
  expect(highest([2, 1], 5)).toEqual([0, 1])
  expect(highest([], 2)).toEqual([])
  expect(
    highest(
      Array.from({ length: 100 }, (_, i) => (i * 37) % 100),
      2,
    ),
  ).toEqual([27, 54])
})
