import type { HonoRequest } from 'hono'
import * as z from 'zod'
import type { MediaTask } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { fromBase64 } from '../../shared/from-base64.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { jsonBody } from './body.ts'
import type { ReadBody } from './read-body.ts'

type Sent = { req: HonoRequest; get: (name: 'readBody') => ReadBody }

/** A file, and what was said with it. */
export type MediaBody = { file: Uint8Array; rest: Record<string, unknown> }

/** The beginning of the types that a task's files have. */
const KIND: Record<MediaTask, string> = {
  'automatic-speech-recognition': 'audio/',
  'image-classification': 'image/',
  'image-to-text': 'image/',
}
const ANY_BYTES = 'application/octet-stream'

/** A file as base64; the rest is the task's own. */
export const Encoded = z.looseObject({
  inputs: z
    .string()
    .min(1)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/)
    .describe('a file as base64'),
})

/**
 * The file of a task, in the two ways in which the hub's clients send it: as the body itself, or as base64 in JSON, with
 * parameters beside it.
 * @throws TwohopError unsupported_media_type, invalid_request, or as ReadBody does
 */
export async function mediaBody(c: Sent, task: MediaTask): Promise<MediaBody> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ANY_BYTES
  if (type === 'application/json') {
    const { inputs, ...rest } = parseAs(Encoded, await jsonBody(c))
    return { file: decoded(inputs), rest }
  }
  if (type !== ANY_BYTES && !type.startsWith(KIND[task]))
    throw new TwohopError(
      'unsupported_media_type',
      `Send the file with content-type: ${KIND[task]}… or ${ANY_BYTES}, or as base64 in JSON.`,
    )
  return { file: await c.get('readBody')(), rest: {} }
}

/** @throws TwohopError invalid_request where it is no base64 */
function decoded(base64: string): Uint8Array {
  try {
    return fromBase64(base64)
  } catch {
    throw new TwohopError('invalid_request', 'Expected a file as base64, found something else.', {
      param: 'inputs',
    })
  }
}
