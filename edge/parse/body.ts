import type { HonoRequest } from 'hono'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { refuseDeep } from '../../shared/json-depth.ts'
import { parseJsonBytes } from '../../shared/parse-json.ts'
import { STORABLE, WITHOUT_UNSTORABLE } from '../../shared/storable.ts'
import type { ReadBody } from './read-body.ts'

/** The parts of Hono's context that reading a body needs. */
export type Sent = { req: HonoRequest; get: (name: 'readBody') => ReadBody }

/**
 * The request's body as JSON; `parseAs` checks its content afterwards.
 * @param check called with the bytes before they are made into values, which takes the longer the more there are
 * @throws TwohopError unsupported_media_type, invalid_request, or as ReadBody and `check` do
 */
export async function jsonBody(
  c: Sent,
  check: (body: Uint8Array<ArrayBuffer>) => void = () => {},
): Promise<unknown> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new TwohopError(
      'unsupported_media_type',
      'Send the body as JSON, with content-type: application/json.',
    )
  const bytes = await c.get('readBody')()
  check(bytes)
  const body = parseJsonBytes(bytes)
  if (body === undefined) throw new TwohopError('invalid_request', 'The body is not valid JSON in UTF-8.')
  refuseDeep(body)
  return body
}

/**
 * Schema of a text of `least` to `most` characters that is stored for good, in the audit log or a key's record, without
 * spaces around it.
 */
export const keptText = (least: number, most: number) =>
  z
    .string()
    .trim()
    .min(least)
    .max(most)
    .regex(STORABLE)
    .describe(`text of ${least} to ${most} characters, ${WITHOUT_UNSTORABLE}`)
