import { TwohopError } from '../../shared/errors.ts'
import type { Sent } from './body.ts'

/** What a decoder puts in the place of bytes that are no UTF-8 (encoding.spec.whatwg.org). */
const REPLACED = '\ufffd'

/** The most fields of a form. OpenAI's has a dozen, some of them lists. */
const MOST_FIELDS = 64

/**
 * The request's form (RFC 7578) as an object: texts, files as their bytes, and lists for names that end with `[]`.
 * `parseAs` checks its content afterwards.
 * @throws TwohopError unsupported_media_type, invalid_request, or as ReadBody does
 */
export async function formBody(c: Sent): Promise<Record<string, unknown>> {
  const type = c.req.header('content-type') ?? ''
  if (!/^multipart\/form-data\s*;/i.test(type))
    throw new TwohopError('unsupported_media_type', 'Send a form, with content-type: multipart/form-data.')
  const body = await c.get('readBody')()
  const form = await new Response(body, { headers: { 'content-type': type } })
    .formData()
    .catch(() => undefined)
  if (form === undefined) throw new TwohopError('invalid_request', 'The body is no form.')
  const fields: Record<string, unknown> = Object.create(null)
  let count = 0
  for (const [name, value] of form) {
    if (++count > MOST_FIELDS)
      throw new TwohopError('invalid_request', `Expected at most ${MOST_FIELDS} fields, found more.`)
    const content = typeof value === 'string' ? value : new Uint8Array(await value.arrayBuffer())
    const isList = name.endsWith('[]')
    const key = isList ? name.slice(0, -2) : name
    const before = fields[key]
    if (Array.isArray(before) && isList) before.push(content)
    else if (before === undefined) fields[key] = isList ? [content] : content
    else throw new TwohopError('invalid_request', 'Expected the field once, found it twice.', { param: key })
  }
  requireUtf8(body, fields)
  return fields
}

/**
 * Bytes that are no UTF-8 were read as U+FFFD, which somebody may also mean. So texts may have as many of it as the body has outside of
 * its files. The bytes are gone through once, whatever stands in them.
 * @throws TwohopError invalid_request with the first field that has it
 */
function requireUtf8(body: Uint8Array, fields: Record<string, unknown>): void {
  const found = Object.entries(fields).flatMap(([param, field]) =>
    [field].flat().map((content) => ({ param, content })),
  )
  const texts = found.flatMap(({ param, content }) =>
    typeof content === 'string' && content.includes(REPLACED) ? { param, content } : [],
  )
  const [first] = texts
  if (first === undefined) return
  const read = texts.reduce((sum, { content }) => sum + content.split(REPLACED).length - 1, 0)
  const inFiles = found.reduce((sum, { content }) => sum + (isFile(content) ? countIn(content) : 0), 0)
  if (read > countIn(body) - inFiles)
    throw new TwohopError('invalid_request', 'Expected text in UTF-8, found other bytes.', {
      param: first.param,
    })
}

/** How often bytes have U+FFFD, which is EF BF BD. */
function countIn(bytes: Uint8Array): number {
  let count = 0
  for (let at = 2; at < bytes.length; at++)
    if (bytes[at] === 0xbd && bytes[at - 1] === 0xbf && bytes[at - 2] === 0xef) count++
  return count
}

/**
 * What tells one form from another: its fields, and its files' bytes. The same form, sent again, has another boundary
 * between its fields.
 */
export async function formBytes(fields: Record<string, unknown>): Promise<Uint8Array<ArrayBuffer>> {
  const files = Object.values(fields).flat().filter(isFile)
  const lengths = (_name: string, field: unknown) => (field instanceof Uint8Array ? field.length : field)
  const said = JSON.stringify(Object.entries(fields), lengths)
  return new Uint8Array(await new Blob([said, '\n', ...files]).arrayBuffer())
}

const isFile = (field: unknown): field is Uint8Array<ArrayBuffer> => field instanceof Uint8Array
