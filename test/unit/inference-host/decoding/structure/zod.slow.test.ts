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
