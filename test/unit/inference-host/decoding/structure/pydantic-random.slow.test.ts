import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Structured } from '../../../../../inference-host/decoding/structure/matcher.ts'
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
  validator,
  vocabularyOf,
  written,
} from '../../../../fixtures/structure/drive.ts'

/** What Pydantic wrote of a type that nobody thought of, and values that it takes or refuses. */
type Case = { mode: string; schema: object; valid: unknown[]; invalid: unknown[] }

/** test/fixtures/structure/pydantic-random.py makes them. */
const cases: Case[] = readFileSync(
  path.join(import.meta.dirname, '../../../../fixtures/structure/pydantic-random.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

test('of 300 random types each is refused by name or written as it says, and what it takes can be written', () => {
  const counts = { types: 0, refused: 0, valid: 0, invalid: 0 }
  const wrong: string[] = []
  for (const [place, { schema, valid, invalid }] of cases.entries()) {
    counts.types++
    let structured: Structured
    try {
      structured = bind(schemaStructure(schema), vocabulary)
    } catch (error) {
      if (!(error instanceof TwohopError)) throw error
      counts.refused++
      wrong.push(`${place} is refused at ${error.param}: ${JSON.stringify(schema)}`)
      continue
    }
    const validate = validator().compile(schema)
    for (const value of valid) {
      // What Pydantic takes and its own schema does not: another form of a number, say.
      if (!validate(value)) continue
      counts.valid++
      if (!accepts(structured, written(value), vocabulary))
        wrong.push(`${place} cannot write ${written(value)} of ${JSON.stringify(schema)}`)
    }
    for (const value of invalid) {
      if (validate(value)) continue
      counts.invalid++
      if (accepts(structured, written(value), vocabulary))
        wrong.push(`${place} may write ${written(value)} of ${JSON.stringify(schema)}`)
    }
    const random = seededRandom(place)
    const most = structured.fewestTokens + 40
    const answer = generate(
      structured.start(most),
      vocabulary,
      place % 2 ? uniform(random) : hasty(random, vocabulary),
      most,
    )
    if (!validate(JSON.parse(answer))) wrong.push(`${place} wrote ${answer} of ${JSON.stringify(schema)}`)
  }
  expect(wrong).toEqual([])
  expect(counts).toEqual({ types: 300, refused: 0, valid: 545, invalid: 854 })
})
