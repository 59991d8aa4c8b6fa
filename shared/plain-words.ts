import type * as z from 'zod'

/**
 * What is wrong with a variable or a claim, for whoever sets it: what it must be, and nothing of its value, in which a secret
 * may stand anywhere, also where a name belongs. To be passed to `safeParse`; a schema's own words come before these. Undefined leaves zod's.
 */
export const plainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.join(' or ')}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has not the right form'
    case 'too_small':
      return `must ${beOrHave(issue.origin)}at least ${issue.minimum}${COUNTED[issue.origin] ?? ''}`
    case 'too_big':
      return `must ${beOrHave(issue.origin)}at most ${issue.maximum}${COUNTED[issue.origin] ?? ''}`
    case 'unrecognized_keys':
      return unknownField(issue.inst as z.core.$ZodObject | z.core.$ZodRecord)
    case 'invalid_key':
      return 'has a name that is not allowed here'
    case 'invalid_union':
      return 'has none of the allowed forms'
    default:
      return undefined
  }
}

/** What an object may have. What it has instead is not shown: a secret may stand where a name belongs. */
function unknownField({ _zod: { def } }: z.core.$ZodObject | z.core.$ZodRecord): string {
  const known = def.type === 'object' ? Object.keys(def.shape) : [...namesIn(def.keyType)]
  return known.length === 0
    ? 'has a field, and none is known here'
    : `has a field that is not known here; known are ${known.join(', ')}`
}

/**
 * The way to what is wrong, step by step: places in lists, and names that the schema itself has. Any other name was written
 * by somebody, who may have put a secret there; it becomes `*`.
 */
export function plainPath(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const names = namesIn(schema)
  return path.map((step) => (typeof step === 'number' || names.has(String(step)) ? String(step) : '*'))
}

/** The names of all fields that a schema has, at any depth. */
function namesIn(schema: z.core.$ZodType, names = new Set<string>()): Set<string> {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      for (const [name, field] of Object.entries(def.shape)) namesIn(field, names.add(name))
      break
    case 'array':
      namesIn(def.element, names)
      break
    case 'record':
      namesIn(def.keyType, names)
      namesIn(def.valueType, names)
      break
    case 'enum':
      for (const name of Object.values(def.entries)) names.add(String(name))
      break
    case 'union':
      for (const option of def.options) namesIn(option, names)
      break
    case 'pipe':
      namesIn(def.in, names)
      namesIn(def.out, names)
      break
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      namesIn(def.innerType, names)
      break
    default:
      break
  }
  return names
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
}

const FORMATS: Readonly<Record<string, string>> = {
  url: 'must be a URL, such as https://example.com',
  email: 'must be an e-mail address',
}

const COUNTED: Readonly<Record<string, string>> = {
  string: ' characters',
  array: ' entries',
  object: ' entries',
}

const beOrHave = (origin: string) => (origin in COUNTED ? 'have ' : 'be ')
