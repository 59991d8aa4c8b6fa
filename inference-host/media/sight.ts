import { AutoProcessor, RawImage, Tensor } from '@huggingface/transformers'
import { decodeImage, Pixels } from './image.ts'

/** The sides, in pixels, of what counts as one token: a patch of most vision transformers. */
export const PATCH = 16
const BLANK = 32

/** What a model sees of an image: its input, and the tokens that this counts as. */
export type Seen = { pixels: Tensor; tokens: number }

/** Makes models' input of images. */
export type Eye = {
  /**
   * @param spend told of the milliseconds that it takes, also where the image proves to be broken
   * @throws TwohopError invalid_request where the file is no image
   */
  see(file: Uint8Array, spend?: (ms: number) => void): Promise<Seen>
  /** The tokens of an image, measured on a small one. */
  imageTokens: number
}

/**
 * Reads how a model's folder prepares images.
 * @throws Error where it does not say
 */
export async function readEye(folder: string): Promise<Eye> {
  const processor = await AutoProcessor.from_pretrained(folder, { local_files_only: true })

  async function seen(image: Pixels): Promise<Seen> {
    const { pixel_values: pixels } = await processor(image)
    if (!(pixels instanceof Tensor)) throw new Error('its processor makes no pixels')
    const [height = 0, width = 0] = pixels.dims.slice(-2)
    return { pixels, tokens: Math.ceil((height * width) / PATCH ** 2) }
  }
  const blank = new RawImage(new Uint8ClampedArray(BLANK * BLANK * 3), BLANK, BLANK, 3)
  const { tokens } = await seen(new Pixels(blank, ''))
  return {
    async see(file, spend = () => {}) {
      const began = performance.now()
      try {
        return await seen(await decodeImage(file))
      } finally {
        spend(performance.now() - began)
      }
    },
    imageTokens: tokens,
  }
}
