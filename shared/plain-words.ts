import type * as z from 'zod'

/**
 * What is wrong with a variable or a claim, for whoever sets it: what it must be, and nothing of its value, which may be a
 * secret. To be passed to `safeParse`; a schema's own words come before these. Undefined leaves zod's.
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
      return `has what is not known here: ${issue.keys.join(', ')}`
    case 'invalid_union':
      return 'has none of the allowed forms'
    default:
      return undefined
  }
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
