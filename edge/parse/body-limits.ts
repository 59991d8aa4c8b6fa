import { type Catalog, MEDIA_TASKS } from '../../shared/catalog.ts'
import { CHAT_PATHS, readsImages } from './chat-body.ts'

type Options = { jobs: { bodyBytes: number }; mediaBodyBytes: number }

/** The largest report of a leaked key, in bytes. It is the one body that is read of anybody. */
const LEAK_BYTES = 32 * 1024

/** Paths whose bodies have another bound than the rest, in bytes: jobs, sounds and images, and what a stranger may send. */
export function bodyLimits(catalog: Catalog, { jobs, mediaBodyBytes }: Options): Map<string, number> {
  const media = ['/v1/audio/transcriptions', ...MEDIA_TASKS.map((task) => `/v1/tasks/${task}`)]
  if (readsImages(catalog)) media.push(...CHAT_PATHS)
  return new Map([
    ['/v1/jobs', jobs.bodyBytes],
    ...media.map((path) => [path, mediaBodyBytes] as const),
    ['/v1/keys/leaked', LEAK_BYTES],
  ])
}
