import type { Catalog } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { MOST_IMAGES } from '../../shared/openai/content.ts'
import { jsonBody, type Sent } from './body.ts'
import type { Work } from './work.ts'

/** The routes of chats that may show images. */
export const CHAT_PATHS = [
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/tasks/text-generation/v1/chat/completions',
]

/** Whether any model of a catalog reads the images of chats. Where none does, no body of a chat needs more bytes. */
export function readsImages({ models }: Pick<Catalog, 'models'>): boolean {
  return models.some(({ tasks, image_tokens: tokens }) => tasks.includes('chat') && tokens !== undefined)
}

/** The fewest characters in a row that are taken for an image's before a body is parsed. */
const LEAST_RUN = 40
/** Whether a byte may be in an image as base64. JSON may have a backslash before a slash. */
const IN_IMAGES = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/=\\]/.test(String.fromCharCode(byte)) ? 1 : 0,
)

/**
 * A chat's body as JSON, with its length in bytes. What reads like no image is bounded before any of it becomes values: a body that is
 * large for its images' sake is not to hold as much else. `boundBesideImages` knows exactly, afterwards.
 * @param most bytes beside images
 * @throws TwohopError body_too_large, or as jsonBody does
 */
export async function chatBody(c: Sent, most: number): Promise<{ json: unknown; length: number }> {
  let length = 0
  const json = await jsonBody(c, (body) => {
    length = body.length
    if (length > most && bytesBesideRuns(body) > most + MOST_IMAGES * LEAST_RUN) throw tooLarge(most)
  })
  return { json, length }
}

/** Bytes of a body that are in no long run of base64. */
function bytesBesideRuns(body: Uint8Array): number {
  let beside = 0
  let run = 0
  for (const byte of body)
    if (IN_IMAGES[byte] === 1) run++
    else {
      beside += run < LEAST_RUN ? run + 1 : 1
      run = 0
    }
  return run < LEAST_RUN ? beside + run : beside
}

const tooLarge = (most: number) =>
  new TwohopError('body_too_large', `The body is larger than ${most} bytes beside its images.`)

/**
 * A chat whose body has at most `most` bytes beside its images.
 * @param bytes those of the whole body
 * @throws TwohopError body_too_large
 */
export function boundBesideImages<Asked extends Pick<Work, 'imageBytes'>>(
  asked: Asked,
  bytes: number,
  most: number,
): Asked {
  if (bytes - (asked.imageBytes ?? 0) > most) throw tooLarge(most)
  return asked
}
