import * as z from 'zod'

/** A part of a user's message in the host's form: text, or an image as a data: URL. */
export const HostPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({ url: z.string().regex(/^data:image\//i) }),
  }),
])
export type HostPart = z.infer<typeof HostPart>

/** Images of one request. Each is decoded and held as numbers while it is computed. */
export const MOST_IMAGES = 16

/** What a user says. It is a text unless there are images in it. */
export type UserContent = string | HostPart[]
export type Content = UserContent | null

export const imagePart = (url: string): HostPart => ({ type: 'image_url', image_url: { url } })

/** Parts in a row as one content: neighbouring texts are one, and without an image all of it is. */
export function contentOf(parts: readonly HostPart[]): UserContent {
  const joined: HostPart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.type === 'text' && last?.type === 'text')
      joined[joined.length - 1] = { type: 'text', text: last.text + part.text }
    else joined.push(part)
  }
  return joined.some(({ type }) => type === 'image_url')
    ? joined.map(wellFormed)
    : textOf(joined).toWellFormed()
}

const wellFormed = (part: HostPart): HostPart =>
  part.type === 'text' ? { type: 'text', text: part.text.toWellFormed() } : part

/** A content as parts. */
export function partsOf(content: Content): readonly HostPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
}

/** The texts of a content, as one. */
export function textOf(content: Content): string {
  if (typeof content === 'string') return content
  return partsOf(content)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
}

/** The data: URLs of a content's images, in order. */
export function imagesOf(content: Content): string[] {
  if (typeof content === 'string') return []
  return partsOf(content).flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : []))
}
