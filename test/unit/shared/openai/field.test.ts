import { expect, it } from 'vitest'
import * as z from 'zod'
import {
  fates,
  honoured,
  ignored,
  onlyNull,
  optional,
  refused,
  required,
  withDefault,
} from '../../../../shared/openai/field.ts'

const Request = z.strictObject({
  model: required('A model.', z.string()),
  n: honoured('Answers.', z.int().min(1)),
  user: ignored('Nobody.', z.string()),
  audio: refused('Text.', onlyNull('answers are text')),
  plain: optional(z.boolean()),
  days: withDefault(z.int(), 30),
})

it('a field may be missing or null, which says the same', () => {
  const model = 'm'
  for (const given of [
    {},
    { n: null, user: null, audio: null, plain: null, days: null },
    { n: undefined, audio: undefined },
  ])
    expect(Request.parse({ model, ...given })).toEqual({ model, days: 30 })
  expect(Request.parse({ model, n: 2, plain: false })).toEqual({ model, n: 2, plain: false, days: 30 })
})

it.each([
  [{ n: 0 }],
  [{ user: 1 }],
  [{ audio: {} }],
  [{ audio: false }],
  [{ model: null }],
  [{ other: null }],
])('anything else is checked: %o', (odd) => {
  expect(Request.safeParse({ model: 'm', ...odd }).success).toBe(false)
})

it('each field knows its fate, if it was told of one', () => {
  const { model, n, user, audio, plain } = Request.shape
  expect([model, n, user, audio, plain].map((schema) => fates.get(schema))).toEqual([
    { does: 'honoured', says: 'A model.' },
    { does: 'honoured', says: 'Answers.' },
    { does: 'ignored', says: 'Nobody.' },
    { does: 'refused', says: 'Text.' },
    undefined,
  ])
})
