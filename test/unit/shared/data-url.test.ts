import { describe, expect, it } from 'vitest'
import { ImageUrl, imageDataOf, imageSizeOf } from '../../../shared/data-url.ts'
import { jpegHeader, pngOf } from '../../fixtures/images.ts'

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const dataUrl = (bytes: Uint8Array, type = 'image/png') => `data:${type};base64,${base64(bytes)}`
const DOT = pngOf(3, 2, () => 9)

describe('an image as a data: URL', () => {
  it.each([
    ['a PNG', dataUrl(DOT), { kind: 'png', width: 3, height: 2 }],
    ['a JPEG', dataUrl(jpegHeader(640, 480), 'image/jpeg'), { kind: 'jpeg', width: 640, height: 480 }],
    ['one that is called otherwise', dataUrl(DOT, 'IMAGE/JPG'), { kind: 'png', width: 3, height: 2 }],
    ['one without padding', dataUrl(DOT).replace(/=+$/, ''), { kind: 'png', width: 3, height: 2 }],
    // Its header comes after 60,000 bytes of a camera's notes.
    ['one with notes', dataUrl(withNotes(60_000), 'image/jpeg'), { kind: 'jpeg', width: 64, height: 48 }],
    [
      'one of 6 MB',
      dataUrl(Buffer.concat([DOT, Buffer.alloc(6_000_000)])),
      { kind: 'png', width: 3, height: 2 },
    ],
  ])('has a size: %s', (_, url, size) => {
    expect(ImageUrl.parse(url)).toBe(url)
    expect(imageSizeOf(url, 'f')).toEqual(size)
  })

  it.each([
    ['an address', 'https://images.example/dot.png'],
    ["a cloud's metadata", 'http://169.254.169.254/latest/meta-data'],
    ['a file', 'file:///etc/passwd'],
    ['a drawing in XML', 'data:image/svg+xml;base64,PHN2Zy8+'],
    ['a page', 'data:text/html;base64,PGgxPg=='],
    ['text that is not base64', `data:image/png,${'a'.repeat(40)}`],
    ['another character', `${dataUrl(DOT)}!`],
    ['padding in the middle', `data:image/png;base64,AA==${base64(DOT)}`],
    [
      'a length that base64 does not have',
      `data:image/png;base64,${base64(DOT).replace(/=+$/, '').slice(0, 29)}`,
    ],
    ['nothing', 'data:image/png;base64,'],
    ['a bomb', dataUrl(pngOf(65_535, 65_535))],
    ['a GIF', 'data:image/png;base64,R0lGODlhAQABAAAAACw='],
    ['an image whose header comes too late', dataUrl(withNotes(65_000, 3), 'image/jpeg')],
  ])('is refused: %s', (_, url) => {
    expect(ImageUrl.safeParse(url).success).toBe(false)
  })

  it('is taken apart for those who want its kind beside it', () => {
    expect(imageDataOf(dataUrl(DOT, 'image/JPG'))).toEqual({ mediaType: 'image/jpeg', data: base64(DOT) })
    expect(() => imageDataOf('https://images.example/dot.png')).toThrow('no image')
  })
})

/** A JPEG with segments of an application's own before its header. */
function withNotes(bytes: number, times = 1): Uint8Array {
  const jpeg = jpegHeader(64, 48)
  const note = [0xff, 0xe1, (bytes + 2) >> 8, (bytes + 2) & 0xff, ...new Uint8Array(bytes)]
  return new Uint8Array([...jpeg.slice(0, 2), ...Array(times).fill(note).flat(), ...jpeg.slice(2)])
}
