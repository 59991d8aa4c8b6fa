import { RawImage } from '@huggingface/transformers'
import { TwohopError } from '../../shared/errors.ts'
import { readImageSize } from '../../shared/image-size.ts'

/** An image's pixels, as red, green and blue. */
export type Pixels = RawImage

/**
 * Decodes a PNG, JPEG or WebP. Its header was read before, so that nothing large comes of a few bytes, and nothing but
 * these three reaches the decoder.
 * @throws TwohopError invalid_request
 */
export async function decodeImage(file: Uint8Array, field = 'inputs'): Promise<Pixels> {
  readImageSize(file, field)
  try {
    const image = await RawImage.fromBlob(new Blob([Uint8Array.from(file)]))
    return image.rgb()
  } catch (cause) {
    throw new TwohopError('invalid_request', 'Expected an image, found one that is broken.', {
      param: field,
      cause,
    })
  }
}
