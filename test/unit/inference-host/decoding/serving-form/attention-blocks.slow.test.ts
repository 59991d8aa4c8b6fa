import { expect, test } from 'vitest'
import { attentionBlocks } from '../../../../../inference-host/decoding/serving-form/attention-blocks.ts'

test.each([16, 32, 64, 128])('heads of %d are taken in blocks of at most two heads', async (headDim) => {
  const { columnBlock = 2 * headDim, fixedChunks } = await attentionBlocks(headDim, 1)
  // Such heads are no larger than what the kernels take of them at once, so nothing depends on what follows a token.
  expect(fixedChunks).toBeUndefined()
  expect(columnBlock).toBeGreaterThanOrEqual(16)
  expect(columnBlock).toBeLessThanOrEqual(2 * headDim)
  expect(await attentionBlocks(headDim, 2)).toEqual(await attentionBlocks(headDim, 1))
})

test('heads larger than what the kernels take at once have a block, or prompts are cut at fixed places', async () => {
  const found = await attentionBlocks(192, 1)
  expect(Object.keys(found).filter((name) => name === 'columnBlock' || name === 'fixedChunks')).toHaveLength(
    1,
  )
})
