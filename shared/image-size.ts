import { readable, Unreadable } from './unreadable.ts'

/** What an image's header says. */
export type ImageSize = { kind: 'png' | 'jpeg' | 'webp'; width: number; height: number }

/** The most pixels of an image that is decoded: 4096 by 4096. They take 64 MiB. */
export const MOST_PIXELS = 4096 * 4096

/**
 * Reads how large an image is from its header, without decoding anything: a few bytes can stand for gigabytes of pixels.
 * It knows PNG (W3C PNG, section 11.2.2), JPEG (ITU-T T.81, B.2.2) and WebP (RFC 9649, section 2).
 * @param field the field of the request that the file is from
 * @throws TwohopError invalid_request for another file, one whose header is broken, and for more than MOST_PIXELS
 */
export function readImageSize(bytes: Uint8Array, field: string): ImageSize {
  return readable(field, 'a PNG, JPEG or WebP', () => parse(bytes))
}

function parse(bytes: Uint8Array): ImageSize {
  const size = png(bytes) ?? jpeg(bytes) ?? webp(bytes)
  if (size === undefined) throw new Unreadable('none of them')
  const { width, height } = size
  if (!(width > 0 && height > 0)) throw new Unreadable('an image without a size')
  if (width * height > MOST_PIXELS)
    throw new Unreadable(`an image of ${width} by ${height} pixels, of which ${MOST_PIXELS} are read`)
  return size
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const textAt = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))

function png(bytes: Uint8Array): ImageSize | undefined {
  if (!startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return undefined
  if (bytes.length < 33 || textAt(bytes, 12) !== 'IHDR') throw new Unreadable('a PNG without its header')
  const view = viewOf(bytes)
  return { kind: 'png', width: view.getUint32(16), height: view.getUint32(20) }
}

function jpeg(bytes: Uint8Array): ImageSize | undefined {
  if (!startsWith(bytes, [0xff, 0xd8, 0xff])) return undefined
  const view = viewOf(bytes)
  let at = 2
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0
    // Fill bytes may stand before a marker.
    if (marker === 0xff) at += 1
    else if (isFrame(marker))
      return { kind: 'jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
    else if (isAlone(marker) || view.getUint16(at + 2) < 2) break
    else at += 2 + view.getUint16(at + 2)
  }
  throw new Unreadable('a JPEG without its header')
}

/** Whether a marker begins a frame header: SOF0 to SOF15 but DHT, JPG and DAC. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

/**
 * Whether no length comes after a marker (T.81, B.1.1.3), or the image itself: no camera writes one of these before a frame. Decoders
 * read on right behind it, so a length that is read there would lead to another frame than theirs.
 */
const isAlone = (marker: number) => marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)

function webp(bytes: Uint8Array): ImageSize | undefined {
  if (textAt(bytes, 0) !== 'RIFF' || textAt(bytes, 8) !== 'WEBP') return undefined
  if (bytes.length < 30) throw new Unreadable('a WebP without its header')
  const view = viewOf(bytes)
  const three = (at: number) => 1 + view.getUint16(at, true) + ((bytes[at + 2] ?? 0) << 16)
  switch (textAt(bytes, 12)) {
    case 'VP8 ':
      return {
        kind: 'webp',
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      }
    case 'VP8L': {
      const packed = view.getUint32(21, true)
      return { kind: 'webp', width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) }
    }
    case 'VP8X':
      return { kind: 'webp', width: three(24), height: three(27) }
    default:
      throw new Unreadable('a WebP without its header')
  }
}

const startsWith = (bytes: Uint8Array, start: readonly number[]) =>
  start.every((byte, i) => bytes[i] === byte)
