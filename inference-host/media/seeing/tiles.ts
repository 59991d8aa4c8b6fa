import { type Idefics3ImageProcessor, RawImage, Tensor } from '@huggingface/transformers'
import * as z from 'zod'
import { TwohopError } from '../../../shared/errors.ts'
import type { ImageReader, Size } from './reader.ts'

// What transformers.js writes for an image (its src/models/idefics3/processing_idefics3.js).
const MARK = '<image>'
const AROUND = '<fake_token_around_image>'
const WHOLE = '<global-img>'

const Pixels = z.int().min(1).max(8192)
const Sizes = z.object({ edge: Pixels, tile: Pixels })

/**
 * Idefics3 and SmolVLM: an image is scaled until its longer side has a fixed length, cut into tiles of the same size, and
 * seen a last time as a whole. Each of these is so many tokens.
 * @param tokens those of a tile
 * @throws Error where its configuration does not say how large images are
 */
export function tileReader(processor: Idefics3ImageProcessor, tokens: number): ImageReader {
  const sizes = Sizes.safeParse({
    edge: processor.size?.longest_edge,
    tile: processor.max_image_size?.longest_edge,
  })
  if (!sizes.success || !processor.do_resize)
    throw new Error('its preprocessor_config.json has no longest_edge of images and tiles')
  const { edge, tile } = sizes.data

  /** The rows and columns of tiles, by the library's own steps. */
  function gridOf(size: Size, field: string): [rows: number, columns: number] {
    const [width, height] = processor.get_resize_output_image_size(standIn(size), processor.size)
    if (Math.min(width, height) < 1)
      throw new TwohopError(
        'invalid_request',
        `Expected an image that is less long for its width, found one of ${size.width} by ${size.height} pixels.`,
        { param: field },
      )
    if (!processor.do_image_splitting) return [0, 0]
    const scaled = processor.get_resize_for_vision_encoder(
      new Tensor('uint8', new Uint8Array(width * height), [height, width]),
      tile,
    )
    if (Math.max(scaled.width, scaled.height) <= tile) return [0, 0]
    return [Math.ceil(scaled.height / tile), Math.ceil(scaled.width / tile)]
  }

  function textOf(size: Size, field: string): string {
    const [rows, columns] = gridOf(size, field)
    const seen = MARK.repeat(tokens)
    const whole = `${AROUND}${WHOLE}${seen}${AROUND}`
    if (rows === 0) return whole
    const columnNumbers = Array.from({ length: columns }, (_, i) => i + 1)
    const lines = Array.from({ length: rows }, (_, i) =>
      columnNumbers.map((column) => `${AROUND}<row_${i + 1}_col_${column}>${seen}`).join(''),
    )
    return `${lines.join('\n')}\n\n${whole}`
  }

  return {
    mark: MARK,
    textOf,
    async see(image) {
      const { pixel_values, pixel_attention_mask } = await processor._call(image)
      return { pixel_values, pixel_attention_mask }
    },
    axis: 1,
    longest: textOf({ width: edge, height: edge }, ''),
  }
}

/** An image of that size, of which only the size is read. */
function standIn({ width, height }: Size): RawImage {
  return new RawImage(new Uint8ClampedArray(), width, height, 3)
}
