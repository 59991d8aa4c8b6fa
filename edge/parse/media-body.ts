import * as z from 'zod'
import type { MediaTask } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { fromBase64 } from '../../shared/from-base64.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { jsonBody, type Sent } from './body.ts'

/** A file, and what was said with it. */
export type MediaBody = { file: Uint8Array; rest: Record<string, unknown> }

/** The beginning of the types that a task's files have. */
const KIND: Record<MediaTask, string> = {
  'automatic-speech-recognition': 'audio/',
  'image-classification': 'image/',
  'image-to-text': 'image/',
}
const ANY_BYTES = 'application/octet-stream'

const Base64 = z
  .string()
  .min(1)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/)
  .describe('a file as base64')

/** A file as base64; the rest is the task's own. */
export const Encoded = z.looseObject({ inputs: Base64 })
/** The same of OpenAI's form, where it is written as JSON. */
export const EncodedForm = z.looseObject({ file: Base64 })

/**
 * The file of a task, in the two ways in which the hub's clients send it: as the body itself, or as base64 in JSON, with
 * parameters beside it.
 * @throws TwohopError unsupported_media_type, invalid_request, or as ReadBody does
 */
export async function mediaBody(c: Sent, task: MediaTask): Promise<MediaBody> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ANY_BYTES
  if (type === 'application/json') {
    return mediaOf(await jsonBody(c))
  }
  if (type !== ANY_BYTES && !type.startsWith(KIND[task]))
    throw new TwohopError(
      'unsupported_media_type',
      `Send the file with content-type: ${KIND[task]}… or ${ANY_BYTES}, or as base64 in JSON.`,
    )
  return { file: await c.get('readBody')(), rest: {} }
}

/** The file of a task in JSON. @throws TwohopError invalid_request */
export function mediaOf(json: unknown): MediaBody {
  const { inputs, ...rest } = parseAs(Encoded, json)
  return { file: decoded(inputs, 'inputs'), rest }
}

/** OpenAI's form as JSON, its file as base64: what a job has of it. @throws TwohopError invalid_request */
export function formOf(json: unknown): Record<string, unknown> {
  const { file, ...rest } = parseAs(EncodedForm, json)
  return { ...rest, file: decoded(file, 'file') }
}

/** @throws TwohopError invalid_request where it is no base64 */
function decoded(base64: string, param: string): Uint8Array {
  try {
    return fromBase64(base64)
  } catch {
    throw new TwohopError('invalid_request', 'Expected a file as base64, found something else.', { param })
  }
}
