import type { Catalog } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
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
  if (bytes - (asked.imageBytes ?? 0) > most)
    throw new TwohopError('body_too_large', `The body is larger than ${most} bytes beside its images.`)
  return asked
}
