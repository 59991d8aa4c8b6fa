import { TwohopError } from '../errors.ts'
import { jsonBytes } from '../json-bytes.ts'
import type { structure } from './structure.ts'

/** Bytes of JSON that tools and formats of one request may have together. */
export const MOST_STRUCTURE_BYTES = 65_536
/** Bytes that tools may have indented, as some chat templates print them. Under many brackets they are mostly spaces. */
export const MOST_INDENTED_BYTES = 8 * MOST_STRUCTURE_BYTES

type Structured = { [Field in keyof typeof structure]?: unknown }

const FIELDS = ['tools', 'response_format', 'structured_outputs'] as const

/**
 * Refuses tools and formats that are too large, before anything is made of them. Both hops ask this.
 * @throws TwohopError `invalid_request` with the name of the field that goes beyond
 */
export function refuseLargeStructure(asked: Structured): void {
  let bytes = 0
  for (const field of FIELDS) {
    if (asked[field] === undefined) continue
    bytes += jsonBytes(asked[field])
    if (bytes > MOST_STRUCTURE_BYTES)
      throw tooLarge(
        field,
        `Tools and formats take at most ${MOST_STRUCTURE_BYTES} bytes of JSON together; here they take ${bytes}.`,
      )
  }
  const indented = asked.tools === undefined ? 0 : jsonBytes(asked.tools, { indent: 4 })
  if (indented > MOST_INDENTED_BYTES)
    throw tooLarge(
      'tools',
      `Tools take at most ${MOST_INDENTED_BYTES} bytes of indented JSON; these take ${indented}: nest them less.`,
    )
}

function tooLarge(field: string, message: string): TwohopError {
  return new TwohopError('invalid_request', message, { param: field })
}
