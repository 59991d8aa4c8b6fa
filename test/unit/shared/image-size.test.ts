import { describe, expect, it } from 'vitest'
import type { TwohopError } from '../../../shared/errors.ts'
import { MOST_PIXELS, readImageSize } from '../../../shared/image-size.ts'
import { jpegHeader, pngOf, webpHeader } from '../../fixtures/images.ts'

/** A frame of 10 by 10 pixels where the length behind a marker leads, past another frame. */
function jpegBehind(marker: number): Uint8Array {
  const [small, large] = [jpegHeader(10, 10).slice(2), jpegHeader(9999, 9999).slice(2)]
  const length = 2 + large.length
  return new Uint8Array([0xff, 0xd8, 0xff, marker, length >> 8, length & 0xff, ...large, ...small])
}

const text = (letters: string) => new TextEncoder().encode(letters)

describe('the size of an image', () => {
  it.each([
    ['PNG', pngOf(40, 30), { kind: 'png', width: 40, height: 30 }],
    ['JPEG', jpegHeader(640, 480), { kind: 'jpeg', width: 640, height: 480 }],
    ['progressive JPEG', jpegHeader(640, 480, 0xc2), { kind: 'jpeg', width: 640, height: 480 }],
    ['WebP', webpHeader('VP8 ', 320, 200), { kind: 'webp', width: 320, height: 200 }],
    ['lossless WebP', webpHeader('VP8L', 320, 200), { kind: 'webp', width: 320, height: 200 }],
    ['extended WebP', webpHeader('VP8X', 320, 200), { kind: 'webp', width: 320, height: 200 }],
  ])('%s', (_, file, size) => {
    expect(readImageSize(file, 'inputs')).toEqual(size)
  })

  it('may be as many pixels as are decoded', () => {
    expect(readImageSize(pngOf(4096, MOST_PIXELS / 4096), 'inputs').width).toBe(4096)
  })
})

describe('is refused by its field', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['a drawing in XML', text('<svg width="1" height="1" xmlns="http://www.w3.org/2000/svg"/>')],
    ['a GIF', text('GIF89a\u0001\u0000\u0001\u0000')],
    ['a PNG of one row too many', pngOf(4096, 4097)],
    ['a PNG of 4 thousand million rows', pngOf(0xffff_ffff, 0xffff_ffff)],
    ['a PNG without pixels', pngOf(0, 10)],
    ['the beginning of a PNG', pngOf(10, 10).subarray(0, 20)],
    ['a JPEG of 65,535 by 65,535', jpegHeader(65_535, 65_535)],
    ['a JPEG whose height comes later', jpegHeader(100, 0)],
    ['a JPEG without a frame', jpegHeader(10, 10).subarray(0, 15)],
    ['a JPEG whose marker has no length', new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0])],
    // A decoder goes on behind each of these, where a length would lead elsewhere.
    ['a JPEG with a marker that stands alone', jpegBehind(0x01)],
    ['a JPEG with the end of a part before it begins', jpegBehind(0xd3)],
    ['a JPEG whose image comes before its frame', jpegBehind(0xda)],
    ['a JPEG with a stuffed byte', jpegBehind(0x00)],
    ['an extended WebP of 16,777,216 columns', webpHeader('VP8X', 2 ** 24, 2)],
    ['a WebP of another kind', webpHeader('ANIM', 10, 10)],
    ['the beginning of a WebP', webpHeader('VP8 ', 10, 10).subarray(0, 20)],
  ])('%s', (_, file) => {
    expect(() => readImageSize(file, 'inputs')).toThrow(
      expect.objectContaining<Partial<TwohopError>>({ code: 'invalid_request', param: 'inputs' }),
    )
  })
})
