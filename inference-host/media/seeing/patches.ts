import { type PreTrainedModel, type Qwen2VLImageProcessor, RawImage, Tensor } from '@huggingface/transformers'
import * as z from 'zod'
import { TwohopError } from '../../../shared/errors.ts'
import type { ImageReader } from './reader.ts'

/** The mark of all Qwen-VLs (transformers.js, src/models/qwen2_vl/processing_qwen2_vl.js). */
const MARK = '<|image_pad|>'

const Whole = z.int().min(1)
const Sizes = z.object({ min_pixels: Whole, max_pixels: Whole, patch_size: Whole, merge_size: Whole })

/**
 * Qwen2-VL and those after it: an image keeps its shape, and is scaled to within the fewest and the most pixels. Each square of
 * merged patches is a token.
 * @throws Error where its configuration does not say how large images and patches are
 */
export function patchReader(processor: Qwen2VLImageProcessor): ImageReader {
  const sizes = Sizes.safeParse({ ...processor })
  if (!sizes.success)
    throw new Error('its preprocessor_config.json has no pixels of images, or no sizes of patches')
  const { min_pixels: least, max_pixels: most, patch_size, merge_size } = sizes.data
  const side = patch_size * merge_size
  return {
    mark: MARK,
    textOf({ width, height }, field) {
      try {
        const image = new RawImage(new Uint8ClampedArray(), width, height, 3)
        const [w, h] = processor.get_resize_output_image_size(image, processor.size)
        return MARK.repeat(Math.round((w * h) / side ** 2))
      } catch (cause) {
        throw new TwohopError(
          'invalid_request',
          `Expected an image that is less long for its width, found one of ${width} by ${height} pixels.`,
          { param: field, cause },
        )
      }
    },
    async see(image) {
      const { pixel_values, image_grid_thw } = await processor._call(image)
      return { pixel_values, image_grid_thw }
    },
    axis: 0,
    longest: MARK.repeat(Math.floor(most / side ** 2)),
    mend: mendPositions,
    patches: { side, least, most },
  }
}

/**
 * A text without an image goes on at the position after its last. transformers.js 4.3 adds the text's length to that once more
 * (`_get_text_only_rope_index` in its src/models/qwen2_vl/modeling_qwen2_vl.js), so its answers begin far away.
 */
function mendPositions(model: PreTrainedModel): void {
  const name = '_get_text_only_rope_index'
  const positionsOf: unknown = Reflect.get(model, name)
  if (typeof positionsOf !== 'function') return
  Reflect.set(model, name, (...given: unknown[]) => {
    const [positions]: [Tensor] = Reflect.apply(positionsOf, model, given)
    const [, rows = 1] = positions.dims
    return [positions, new Tensor('int64', new BigInt64Array(rows), [rows, 1])]
  })
}
