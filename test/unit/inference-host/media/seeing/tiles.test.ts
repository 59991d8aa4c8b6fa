import { Idefics3ImageProcessor } from '@huggingface/transformers'
import { expect, test } from 'vitest'
import { tileReader } from '../../../../../inference-host/media/seeing/tiles.ts'

test.each([true, false])(
  'an image of which nothing is left is refused before it is decoded, with tiles or without: %s',
  (do_image_splitting) => {
    const edges = { size: { longest_edge: 64 }, max_image_size: { longest_edge: 32 } }
    const reader = tileReader(new Idefics3ImageProcessor({ ...edges, do_image_splitting }), 4)
    expect(reader.textOf({ width: 64, height: 32 }, 'f').split(reader.mark)).toHaveLength(
      1 + 4 * (do_image_splitting ? 3 : 1),
    )
    expect(() => reader.textOf({ width: 400, height: 4 }, 'f')).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'f' }),
    )
  },
)
