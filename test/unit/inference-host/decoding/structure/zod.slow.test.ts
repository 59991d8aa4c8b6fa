import { zodResponseFormat } from 'openai/helpers/zod'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import {
  accepts,
  bind,
  generate,
  hasty,
  schemaStructure,
  uniform,
  vocabularyOf,
} from '../../../../fixtures/structure/drive.ts'
import { ZOD_TYPES } from '../../../../fixtures/structure/zod-types.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

/** How clients write a type: zod's own form, the AI SDK's, OpenAPI 3.0's, and the strict one of the `openai` package. */
const FORMS: Record<string, (type: z.ZodType) => unknown> = {
  '2020-12': (type) => z.toJSONSchema(type),
  'draft 7, as input': (type) => z.toJSONSchema(type, { target: 'draft-7', io: 'input', reused: 'inline' }),
  'draft 4, as input': (type) => z.toJSONSchema(type, { target: 'draft-4', io: 'input' }),
  'OpenAPI 3.0': (type) => z.toJSONSchema(type, { target: 'openapi-3.0', io: 'input' }),
  strict: (type) => zodResponseFormat(type, 'answer').json_schema.schema,
}

/** Forms that have no word for the names of a map or the items of a tuple: zod leaves those out. */
const SAYS_LESS = ['draft 4, as input', 'OpenAPI 3.0']

/** A schema that a client can write, and whether it says all that zod can say of the type. */
type Written = { schema: unknown; whole: boolean }

/** The different schemas of a type. What its client refuses never reaches the host. */
function schemasOf(type: z.ZodType): Map<string, Written> {
  const found = new Map<string, Written>()
  const full = JSON.stringify(z.toJSONSchema(type, { io: 'input' }))
  for (const [form, make] of Object.entries(FORMS)) {
    try {
      const { $schema: _, ...schema } = make(type) as { $schema?: unknown }
      const lacks = SAYS_LESS.includes(form) && /"(?:propertyNames|prefixItems)"/.test(full)
      const text = JSON.stringify(schema)
      found.set(text, { schema, whole: !lacks && found.get(text)?.whole !== false })
    } catch {
      // Of this form it has none.
    }
  }
  return found
}

test('there are at least the 120 types that docs/engine.md tells of', () => {
  expect(Object.keys(ZOD_TYPES).length).toBeGreaterThanOrEqual(120)
})

describe('a type of zod, in each form that a client writes', () => {
  test.each(Object.entries(ZOD_TYPES))('%s', (name, { type, samples }) => {
    const schemas = schemasOf(type)
    expect(schemas.size).toBeGreaterThan(0)
    for (const [text, { schema, whole }] of schemas) {
      const structured = bind(schemaStructure(schema), vocabulary)
      for (const sample of samples)
        expect(
          accepts(structured, JSON.stringify(sample), vocabulary),
          `${JSON.stringify(sample)} of ${text}`,
        ).toBe(true)
      const random = seededRandom(name.length)
      const most = structured.fewestTokens + 40
      for (const model of [uniform(random), hasty(random, vocabulary)]) {
        const answer = generate(structured.start(most), vocabulary, model, most)
        if (!whole) continue
        const parsed = type.safeParse(JSON.parse(answer))
        expect(parsed.error?.issues, `${answer} of ${text}`).toBeUndefined()
      }
    }
  })
})

/** Patterns of zod 4.0, whose addresses look ahead and whose dates are written otherwise. */
const OLDER: [string, object, z.ZodType, string][] = [
  [
    'email',
    {
      format: 'email',
      pattern:
        "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    },
    z.email(),
    'jo.doe@example.com',
  ],
  [
    'base64',
    {
      format: 'base64',
      contentEncoding: 'base64',
      pattern: '^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$',
    },
    z.base64(),
    'aGk=',
  ],
  [
    'emoji',
    { format: 'emoji', pattern: '^(\\p{Extended_Pictographic}|\\p{Emoji_Component})+$' },
    z.any(),
    '🙂',
  ],
  ['ipv4', { format: 'ipv4', pattern: z.regexes.ipv4.source, maxLength: 15 }, z.ipv4(), '10.0.0.255'],
  [
    'nullable, of OpenAPI',
    { format: 'uuid', pattern: z.regexes.uuid(4).source, nullable: true },
    z.uuidv4().nullable(),
    '00000000-0000-4000-8000-000000000000',
  ],
]

test.each(OLDER)('what older versions write of an %s is read too', (_, schema, type, sample) => {
  const structured = bind(schemaStructure({ type: 'string', ...schema }), vocabulary)
  expect(accepts(structured, JSON.stringify(sample), vocabulary)).toBe(true)
  const most = structured.fewestTokens + 30
  const answer = generate(structured.start(most), vocabulary, uniform(seededRandom(1)), most)
  expect(type.safeParse(JSON.parse(answer)).error?.issues, answer).toBeUndefined()
})

test('of exclusive types that may both be meant, one is', () => {
  const type = z.xor([z.string().max(40), z.email()])
  const structured = bind(schemaStructure(z.toJSONSchema(type)), vocabulary)
  expect(accepts(structured, '"no address"', vocabulary)).toBe(true)
  expect(accepts(structured, '"ada@example.com"', vocabulary)).toBe(false)
  const most = structured.fewestTokens + 30
  for (const seed of [1, 2, 3]) {
    const answer = generate(structured.start(most), vocabulary, uniform(seededRandom(seed)), most)
    expect(type.safeParse(JSON.parse(answer)).error?.issues, answer).toBeUndefined()
  }
})

/** Types that are refused, the keyword where, and why. docs/engine.md lists them. */
const REFUSED: [string, z.ZodType, string][] = [
  ['looks behind', z.string().regex(/(?<=a)b/), 'schema.pattern'],
  ['matches again what a group matched', z.string().regex(/(a|b)\1/), 'schema.pattern'],
  [
    'has counts that would have to be told apart at once',
    z
      .string()
      .regex(/(a|b)*a(a|b){14}$/)
      .regex(/c/),
    'schema.pattern',
  ],
  ['is a multiple of less than a billionth', z.number().multipleOf(1e-12), 'schema.multipleOf'],
  ['asks for a property that nothing is valid for', z.object({ a: z.never() }), 'schema.required'],
  ['is longer than it may be', z.string().min(5).max(3), 'schema.maxLength'],
]

test.each(REFUSED)('a type that %s is refused by name', (_, type, param) => {
  expect(() => bind(schemaStructure(z.toJSONSchema(type)), vocabulary)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param }),
  )
})

test.each([
  ['a format beside a form', z.url().startsWith('https://'), 'uri'],
  ['a host of its own', z.url({ hostname: /^example\.com$/ }), 'example'],
  ['a check in code', z.string().refine((text) => text === 'x'), 'refine'],
  ['flags of a pattern', z.string().regex(/^[a-z]$/i), 'flags'],
])('zod leaves out of the schema what it checks: %s', (_, type, left) => {
  expect(JSON.stringify(z.toJSONSchema(type))).not.toContain(left)
})
