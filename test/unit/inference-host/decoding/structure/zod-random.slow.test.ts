import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { TwohopError } from '../../../../../shared/errors.ts'
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

/** A type, and a value that it takes. */
type Sampled = { type: z.ZodType; sample: unknown }

/** The types of zod.slow.test.ts that say all that they mean, and nothing of types around them. */
const PARTS: Sampled[] = Object.values(ZOD_TYPES).flatMap(({ type, samples: [sample] }) =>
  sample === undefined || !isPlain(type) ? [] : [{ type, sample }],
)

function isPlain(type: z.ZodType): boolean {
  try {
    return !/"\$ref"|propertyNames|prefixItems/.test(JSON.stringify(z.toJSONSchema(type)))
  } catch {
    return false
  }
}

const anyNames = fc.uniqueArray(fc.constantFrom('id', 'kind', 'items', 'a', 'größe', 'with space'), {
  minLength: 1,
  maxLength: 3,
})

/** Types made of others, as people nest them. */
const { made } = fc.letrec<{ made: Sampled; inner: Sampled }>((tie) => ({
  made: fc.oneof({ maxDepth: 2, depthSize: 'small' }, fc.constantFrom(...PARTS), tie('inner')),
  inner: fc.oneof(
    fc.tuple(anyNames, fc.array(tie('made'), { minLength: 3, maxLength: 3 }), fc.nat(7)).map(objectOf),
    tie('made').map(({ type, sample }) => ({ type: z.array(type).min(1).max(3), sample: [sample, sample] })),
    tie('made').map(({ type, sample }) => ({ type: type.nullable(), sample })),
    tie('made').map(({ type, sample }) => ({
      type: z.object({ kind: z.literal('one'), value: type }),
      sample: { kind: 'one', value: sample },
    })),
    fc.tuple(tie('made'), tie('made')).map(([one, two]) => ({
      type: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('one'), value: one.type }),
        z.object({ kind: z.literal('two'), value: two.type }),
      ]),
      sample: { kind: 'two', value: two.sample },
    })),
  ),
}))

function objectOf([names, parts, optional]: [string[], Sampled[], number]): Sampled {
  const fields = names.map((name, i) => [name, parts[i] ?? { type: z.null(), sample: null }] as const)
  const shape = fields.map(
    ([name, { type }], i) => [name, optional & (1 << i) ? type.optional() : type] as const,
  )
  return {
    type: z.strictObject(Object.fromEntries(shape)),
    sample: Object.fromEntries(fields.map(([name, { sample }]) => [name, sample])),
  }
}

test('a type made of others: what is written for its schema is parsed by it, and what it takes can be written', () => {
  let [written, refused] = [0, 0]
  fc.assert(
    fc.property(made, fc.nat(), ({ type, sample }, seed) => {
      const schema = z.toJSONSchema(type)
      const text = JSON.stringify(schema)
      try {
        const structured = bind(schemaStructure(schema), vocabulary)
        const most = structured.fewestTokens + 40
        const random = seededRandom(seed)
        for (const model of [uniform(random), hasty(random, vocabulary)]) {
          const answer = generate(structured.start(most), vocabulary, model, most)
          expect(type.safeParse(JSON.parse(answer)).error?.issues, `${answer} of ${text}`).toBeUndefined()
        }
        expect(
          accepts(structured, JSON.stringify(sample), vocabulary),
          `${JSON.stringify(sample)} of ${text}`,
        ).toBe(true)
        written++
      } catch (error) {
        if (!(error instanceof TwohopError)) throw error
        refused++
      }
    }),
    { numRuns: 80 },
  )
  expect(PARTS.length).toBeGreaterThan(80)
  // What is refused has a reason of its own; what people nest has none.
  expect(refused).toBeLessThan(written / 8)
})
