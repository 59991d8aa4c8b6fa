import * as z from 'zod'
import { fromBase64 } from './from-base64.ts'
import { type ImageSize, MOST_PIXELS, readImageSize } from './image-size.ts'

const HEAD = /^data:image\/(?:png|jpe?g|webp);base64,/i
/** Characters of base64 that are looked at for an image's size: 96 KiB, since a JPEG's own notes come before it. */
const MOST_HEADER = 128 * 1024

/** What stands for an image in a request: its bytes as base64, and no address, since nothing here fetches what a client names. */
const EXPECTED = 'a data: URL of a PNG, JPEG or WebP as base64 (nothing here fetches what a client names)'

/** Whether it is a data: URL of an image (RFC 2397), base64 to its end. What it says of the kind is not believed. */
function isImageUrl(url: string): boolean {
  const [head] = HEAD.exec(url) ?? []
  if (head === undefined) return false
  const text = url.slice(head.length)
  const core = text.replace(/={1,2}$/, '')
  // Not one pattern for all of it: what it remembers of each character would take more than the text.
  return core !== '' && core.length % 4 !== 1 && !/[^A-Za-z0-9+/]/.test(core)
}

/**
 * How large the image in a data: URL is, by its header; no more is looked at.
 * @param url one that `ImageUrl` has let in
 * @throws TwohopError invalid_request as readImageSize does
 */
export function imageSizeOf(url: string, field: string): ImageSize {
  const start = HEAD.exec(url)?.[0].length ?? 0
  const head = url.slice(start, start + MOST_HEADER).replace(/={1,2}$/, '')
  return readImageSize(fromBase64(head.slice(0, head.length - (head.length % 4))), field)
}

/** Schema of an image as a data: URL whose header is read: what it says is an image of a size that is decoded. */
export const ImageUrl = z
  .string()
  .refine(isImageUrl, EXPECTED)
  .refine(isReadable, {
    error: `a PNG, JPEG or WebP of at most ${MOST_PIXELS} pixels, its header first`,
    when: ({ issues }) => issues.length === 0,
  })
  .describe(EXPECTED)

function isReadable(url: string): boolean {
  try {
    imageSizeOf(url, '')
    return true
  } catch {
    return false
  }
}

/** What a data: URL of an image says of its kind, such as `image/png`, and its base64. @throws Error for another URL */
export function imageDataOf(url: string): { mediaType: string; data: string } {
  const [head] = HEAD.exec(url) ?? []
  if (head === undefined) throw new Error('no image as a data: URL')
  const mediaType = head.slice('data:'.length, head.indexOf(';')).toLowerCase().replace('jpg', 'jpeg')
  return { mediaType, data: url.slice(head.length) }
}
