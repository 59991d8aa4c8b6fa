import { Qwen2VLImageProcessor, RawImage } from '@huggingface/transformers'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { MOST_ASPECT, mostImageTokens } from '../../../shared/image-tokens.ts'

const image_patches = { side: 28, least: 3136, most: 1_003_520, around: 2 }
const model = { image_tokens: 1282, image_patches }

it('counts squares as the processor of Qwen2-VL does, for images of any size', async () => {
  const { side, least, most, around } = image_patches
  const processor = new Qwen2VLImageProcessor({
    min_pixels: least,
    max_pixels: most,
    patch_size: side / 2,
    merge_size: 2,
  })
  const length = fc.integer({ min: 1, max: 5000 })
  await fc.assert(
    fc.property(length, length, (width, height) => {
      fc.pre(Math.max(width, height) < (MOST_ASPECT / 1.1) * Math.min(width, height))
      const image = new RawImage(new Uint8ClampedArray(), width, height, 3)
      const [w, h] = processor.get_resize_output_image_size(image, undefined)
      expect(mostImageTokens(model, { width, height })).toBe((w * h) / side ** 2 + around)
    }),
    { numRuns: 2000 },
  )
})

it('is never more than the catalog says', () => {
  const size = { width: 4000, height: 3000 }
  expect(mostImageTokens({ ...model, image_tokens: 100 }, size)).toBe(100)
  expect(mostImageTokens({ image_tokens: 64 }, size)).toBe(64)
  expect(mostImageTokens({}, size)).toBe(0)
})
