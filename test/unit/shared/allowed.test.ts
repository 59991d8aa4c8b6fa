import { expect, it } from 'vitest'
import * as z from 'zod'
import { allowedBy, oneOf } from '../../../shared/allowed.ts'
import { optional } from '../../../shared/openai/field.ts'

const word = z.string().min(1).max(64)

it.each<[string, z.ZodType]>([
  ['text', z.string()],
  ['text that is not empty', z.string().min(1)],
  ['text of at most 3 characters', z.string().max(3)],
  ['text of 1 to 64 characters', word],
  ['text of 1 to 64 characters', word.trim()],
  ['a number', z.number()],
  ['a number from 0 to 2', z.number().min(0).max(2)],
  ['a number above 0 and at most 10', z.number().gt(0).max(10)],
  ['a number above 0', z.number().gt(0)],
  ['a number of at most 2', z.number().max(2)],
  ['a whole number of at least 1', z.int().min(1)],
  ['a whole number from 1 to 8', z.int().min(1).max(8)],
  ['true or false', z.boolean()],
  ['false', z.literal(false)],
  ['"a"', z.literal('a')],
  ['"a", "b" or "c"', z.enum(['a', 'b', 'c'])],
  ['null', z.null()],
  ['anything', z.unknown()],
  ['nothing', z.never()],
  ['another value', z.date()],
  ['a number', z.unknown().pipe(z.number())],
  ['a whole number from 1 to 5', z.coerce.number().int().min(1).max(5)],
  ['a list', z.array(z.unknown())],
  ['a list that is not empty, each text', z.array(z.string()).min(1)],
  ['a list of at most 4, each text of 1 to 64 characters', z.array(word).max(4)],
  ['a list of 1 to 4, each a number', z.array(z.number()).min(1).max(4)],
  ['a list of exactly 1, each text', z.array(z.string()).length(1)],
  ['an object', z.strictObject({ a: z.string() })],
  ['an object', z.record(z.string(), z.string())],
  ['text or a list, each text', z.union([z.string(), z.array(z.string())])],
  ['text or an object', z.union([z.string(), z.strictObject({}), z.record(z.string(), z.string())])],
  ['text', z.string().transform((text) => text.length)],
  ['a number', optional(z.number())],
  ['a number', z.number().nullish().default(3)],
  ['a colour', z.union([z.string(), z.number()]).describe('a colour')],
  ['a colour or a number', z.union([z.string().describe('a colour'), z.number()])],
])('says "%s"', (words, schema) => {
  expect(allowedBy(schema)).toBe(words)
})

it('names each of several values once', () => {
  expect(oneOf(['a', 1, true, 'a'])).toBe('"a", 1 or true')
  expect(oneOf([])).toBe('nothing')
})
