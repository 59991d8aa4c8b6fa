import { expect, it } from 'vitest'
import * as z from 'zod'
import { plainPath, plainWords } from '../../../shared/plain-words.ts'

const SECRET = 'a-secret-value'
const wordsOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, { error: plainWords }).error?.issues.map(({ message }) => message)

it.each<[string, z.ZodType, unknown]>([
  ['is missing', z.object({ a: z.string() }), {}],
  ['must be a text', z.string(), 7],
  ['must be a number', z.number(), SECRET],
  ['must be a whole number', z.int(), 1.5],
  ['must be true or false', z.boolean(), SECRET],
  ['must be a list', z.array(z.string()), SECRET],
  ['must be a JSON object', z.object({}), SECRET],
  ['must be a JSON object', z.record(z.string(), z.string()), SECRET],
  ['must be cpu or cuda', z.enum(['cpu', 'cuda']), SECRET],
  ['must be OKP', z.literal('OKP'), SECRET],
  ['must be a URL, such as https://example.com', z.url(), SECRET],
  ['must be an e-mail address', z.email(), SECRET],
  ['has not the right form', z.uuid(), SECRET],
  ['must be at least 5', z.number().min(5), 1],
  ['must be at most 5', z.number().max(5), 9],
  ['must have at least 20 characters', z.string().min(20), SECRET],
  ['must have at most 3 characters', z.string().max(3), SECRET],
  ['must have at least 1 entries', z.array(z.string()).min(1), []],
  ['has a field, and none is known here', z.strictObject({}), { [SECRET]: SECRET }],
  [
    'has a field that is not known here; known are a, b',
    z.strictObject({ a: z.string(), b: z.string().optional() }),
    { a: '', [SECRET]: '' },
  ],
  [
    'has a field that is not known here; known are a, b',
    z.partialRecord(z.enum(['a', 'b']), z.string()),
    { [SECRET]: SECRET },
  ],
  ['has a name that is not allowed here', z.record(z.string().max(3), z.string()), { [SECRET]: SECRET }],
  ['has none of the allowed forms', z.union([z.number(), z.boolean()]), SECRET],
  ['own words', z.string('own words'), 7],
  ['own words', z.string().regex(/^x$/, 'own words'), SECRET],
])('says "%s"', (words, schema, value) => {
  expect(wordsOf(schema, value)).toEqual([words])
})

it('shows of the way to what is wrong the names that the schema has, and places in lists', () => {
  const inner = z.strictObject({ deep: z.array(z.int()).optional().default([]) })
  const schema = z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(
      z.object({
        known: z.union([z.null(), inner]).nullable().prefault(null),
        named: z.record(z.string(), z.partialRecord(z.enum(['role']), z.string())),
      }),
    )
  const path = (steps: PropertyKey[]) => plainPath(schema, steps).join('.')
  expect(path(['known', 'deep', 3])).toBe('known.deep.3')
  expect(path(['named', SECRET, 'role'])).toBe('named.*.role')
  expect(path(['named', 'role', SECRET])).toBe('named.role.*')
})
