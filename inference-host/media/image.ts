import { RawImage } from '@huggingface/transformers'
import sharp, { type Metadata } from 'sharp'
import { TwohopError } from '../../shared/errors.ts'
import { MOST_PIXELS, readImageSize } from '../../shared/image-size.ts'

/**
 * An image's pixels, as red, green and blue, which no processor makes larger than an image may be. Many bring the shorter side to a
 * length of theirs, before they cut out the middle: 40,000 by 1 pixels would take 6 GB.
 */
export class Pixels extends RawImage {
  readonly #field: string

  constructor({ data, width, height, channels }: RawImage, field: string) {
    super(data, width, height, channels)
    this.#field = field
  }

  /** @throws TwohopError invalid_request where nothing would be left of it, or too much come of it */
  override async resize(...[width, height, how]: Parameters<RawImage['resize']>): Promise<RawImage> {
    if (Math.min(width, height) >= 1 && width * height <= MOST_PIXELS)
      return new Pixels(await super.resize(width, height, how), this.#field)
    throw new TwohopError(
      'invalid_request',
      `Expected an image that is less long for its width, found one of ${this.width} by ${this.height} pixels.`,
      { param: this.#field },
    )
  }

  /** A part that is cut out may be a line of pixels, of an image that was none: Nougat leaves its margins out before it scales. */
  override async crop(...[box]: Parameters<RawImage['crop']>): Promise<RawImage> {
    return new Pixels(await super.crop(box), this.#field)
  }
}

/** Gray and how opaque it is, which RawImage cannot make colours of. */
const GRAY_ALPHA = 2

/**
 * How large an image is once it is decoded, by its header alone. Where a camera notes that it was held on its side (EXIF), it is turned
 * then, and width and height change places. The decoder has to read the same size as both hops do: nothing else bounds it.
 * @throws TwohopError invalid_request as readImageSize does, and where the decoder sees something else
 */
export async function uprightSize(
  file: Uint8Array,
  field: string,
): Promise<{ width: number; height: number }> {
  return (await readHeader(file, field)).autoOrient
}

async function readHeader(file: Uint8Array, field: string): Promise<Metadata> {
  const { width, height } = readImageSize(file, field)
  const header = await sharp(file)
    .metadata()
    .catch((cause: unknown) => {
      throw broken(field, cause)
    })
  if (header.width !== width || header.height !== height) throw broken(field)
  return header
}

/**
 * Decodes a PNG, JPEG or WebP. Its header was read before, so that nothing large comes of a few bytes, and nothing but
 * these three reaches the decoder.
 * @throws TwohopError invalid_request
 */
export async function decodeImage(file: Uint8Array, field = 'inputs'): Promise<Pixels> {
  const { channels } = await readHeader(file, field)
  try {
    const image =
      channels === GRAY_ALPHA
        ? await decodeGray(file)
        : await RawImage.fromBlob(new Blob([Uint8Array.from(file)]))
    return new Pixels(image.rgb(), field)
  } catch (cause) {
    throw broken(field, cause)
  }
}

async function decodeGray(file: Uint8Array): Promise<RawImage> {
  const { data, info } = await sharp(file)
    .autoOrient()
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return new RawImage(new Uint8ClampedArray(data), info.width, info.height, info.channels)
}

const broken = (field: string, cause?: unknown) =>
  new TwohopError('invalid_request', 'Expected an image, found one that is broken.', { param: field, cause })
