import type { HonoRequest } from 'hono'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { fieldPath } from '../../shared/field-path.ts'
import { refuseDeep } from '../../shared/json-depth.ts'
import { parseJson } from '../../shared/parse-json.ts'
import type { ReadBody } from './read-body.ts'

/** The parts of Hono's context that are needed. */
type Sent = { req: HonoRequest; var: { readBody: ReadBody } }

/**
 * The request's body as JSON; `parseAs` checks its content afterwards.
 * @throws TwohopError unsupported_media_type, invalid_request, or as ReadBody does
 */
export async function jsonBody(c: Sent): Promise<unknown> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new TwohopError(
      'unsupported_media_type',
      'Send the body as JSON, with content-type: application/json.',
    )
  const body = parseJson(new TextDecoder().decode(await c.var.readBody()))
  if (body === undefined) throw new TwohopError('invalid_request', 'The body is not valid JSON.')
  refuseDeep(body)
  return body
}

/**
 * Schema of a text that is stored for good, in the audit log or a key's record: no NUL and no half of a surrogate pair.
 * Postgres stores neither in text or JSON (postgresql.org/docs/17/datatype-json.html), so the ledger would set the act
 * aside.
 */
export const keptText = () =>
  z.string().regex(/^[^\0\p{Surrogate}]*$/u, 'This holds a NUL or half of a surrogate pair.')

/**
 * Parses `input` by `schema`.
 * @throws TwohopError invalid_request with the path of the first bad field, such as `messages[0].content`
 */
export function parseAs<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = deepest(result.error.issues[0])
  if (!issue) throw new TwohopError('invalid_request', 'The body is not a valid request.')
  const path = [...issue.path]
  if (issue.code === 'unrecognized_keys') {
    path.push(issue.keys[0] ?? '')
    throw new TwohopError('invalid_request', 'This field is not known or not supported here.', {
      param: fieldPath(path),
    })
  }
  throw new TwohopError('invalid_request', issue.message, path.length > 0 ? { param: fieldPath(path) } : {})
}

/** In a union, the complaint of the alternative that got furthest is the most useful. */
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== 'invalid_union') return issue
  const inner = issue.errors
    .flatMap((issues) => issues.slice(0, 1))
    .toSorted((a, b) => b.path.length - a.path.length)[0]
  if (!inner || inner.path.length === 0) return issue
  return deepest({ ...inner, path: [...issue.path, ...inner.path] })
}
