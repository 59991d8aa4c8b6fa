import type * as z from 'zod'
import { allowedBy, descriptionOf, oneOf } from './allowed.ts'
import { TwohopError } from './errors.ts'
import { fieldPath } from './field-path.ts'

type Issue = z.core.$ZodIssue

/**
 * Parses `input` by `schema`.
 * @throws TwohopError invalid_request with the path of the first bad field, such as `messages[0].content`, what is
 * allowed there and what was found: its kind and its length, never its text
 */
export function parseAs<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input, { error: allowed })
  if (result.success) return result.data
  const issue = furthest(result.error.issues[0] as Issue)
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  throw new TwohopError('invalid_request', `Expected ${issue.message}, found ${found(issue, path, input)}.`, {
    ...(path.length > 0 && { param: fieldPath(path) }),
  })
}

/** What the schema that complains would have let in. A schema's own words come before these. */
function allowed(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'unrecognized_keys') {
    const { shape } = (issue.inst as z.core.$ZodObject)._zod.def
    return `no other field than ${Object.keys(shape).join(', ')}`
  }
  if (issue.code === 'invalid_key' && issue.inst) {
    const { keyType } = (issue.inst as z.core.$ZodRecord)._zod.def
    return `names that are ${allowedBy(keyType)}`
  }
  const schema = (issue.schema ?? issue.inst) as z.core.$ZodType
  // The field that says which alternative it is has none that there is.
  if (issue.code === 'invalid_union' && Array.isArray(issue.options))
    return descriptionOf(schema) ?? oneOf(issue.options)
  return allowedBy(schema)
}

/**
 * In a union, the complaint of the alternative that got furthest is the most useful: into the value, or past its kind. If
 * none did, the union tells of all.
 */
function furthest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  const [inner] = issue.errors
    .flatMap((issues) => issues.slice(0, 1))
    .filter(({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'))
    .toSorted((a, b) => b.path.length - a.path.length)
  return inner ? furthest({ ...inner, path: [...issue.path, ...inner.path] }) : issue
}

/** What stands at `path`: its kind, its length, a number or a boolean itself. A text may be a secret, so it is not told. */
function found(issue: Issue, path: readonly PropertyKey[], input: unknown): string {
  if (issue.code === 'invalid_key') return `a name of ${characters(String(path.at(-1)))}`
  let value = input
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step]
  if (issue.code === 'unrecognized_keys') return `one with ${kindOf(value)}`
  return kindOf(value)
}

const characters = ({ length }: string) => (length === 1 ? '1 character' : `${length} characters`)

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return value === '' ? 'empty text' : `text of ${characters(value)}`
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
