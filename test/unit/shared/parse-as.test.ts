import { expect, it } from 'vitest'
import * as z from 'zod'
import type { TwohopError } from '../../../shared/errors.ts'
import { optional } from '../../../shared/openai/field.ts'
import { parseAs } from '../../../shared/parse-as.ts'

/** The field and the message of a refusal. */
function complaint(schema: z.ZodType, input: unknown): [string | undefined, string] {
  try {
    parseAs(schema, input)
  } catch (error) {
    const { code, param, message } = error as TwohopError
    expect(code).toBe('invalid_request')
    return [param, message]
  }
  return expect.fail('it was taken')
}

const Word = z.string().min(1).max(4)
const Part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({ type: z.enum(['sound', 'noise']) }),
])
const Request = z.strictObject({
  stop: optional(z.union([Word, z.array(Word).max(4)])),
  parts: optional(z.array(z.union([z.string(), Part]))),
  count: optional(z.int().min(1).max(8)),
  share: optional(z.number().min(0)),
  on: optional(z.boolean()),
  bias: optional(z.record(z.string().regex(/^\d+$/).describe('token ids'), z.number())),
  odd: optional(z.number().refine((n) => n % 2 === 1, { error: 'an odd number' })),
  whole: optional(z.number().refine(Number.isInteger).describe('a number without a fraction')),
  none: optional(z.never('null (not supported)')),
})

it.each<[unknown, string | undefined, string]>([
  [{ count: 9 }, 'count', 'Expected a whole number from 1 to 8, found 9.'],
  [{ count: 1.5 }, 'count', 'Expected a whole number from 1 to 8, found 1.5.'],
  [{ count: 1e300 }, 'count', 'Expected a whole number from 1 to 8, found 1e+300.'],
  [{ count: '3' }, 'count', 'Expected a whole number from 1 to 8, found text of 1 character.'],
  [{ share: -1 }, 'share', 'Expected a number of at least 0, found -1.'],
  [{ on: 0 }, 'on', 'Expected true or false, found 0.'],
  [{ odd: 2 }, 'odd', 'Expected an odd number, found 2.'],
  [{ whole: 2.5 }, 'whole', 'Expected a number without a fraction, found 2.5.'],
  [{ none: {} }, 'none', 'Expected null (not supported), found an object.'],
  [{ bias: { x: 1 } }, 'bias.x', 'Expected names that are token ids, found a name of 1 character.'],
  [{ bias: { 3: 'x' } }, 'bias.3', 'Expected a number, found text of 1 character.'],
  [
    { other: [1] },
    'other',
    `Expected no other field than ${Object.keys(Request.shape).join(', ')}, found one with a list of 1.`,
  ],
  [[], undefined, 'Expected an object, found an empty list.'],
  [undefined, undefined, 'Expected an object, found nothing.'],
])('says of %j what is allowed and what was found', (input, param, message) => {
  expect(complaint(Request, input)).toEqual([param, message])
})

it.each<[unknown, string, string]>([
  [{ stop: '' }, 'stop', 'Expected text of 1 to 4 characters, found empty text.'],
  [{ stop: 'abcde' }, 'stop', 'Expected text of 1 to 4 characters, found text of 5 characters.'],
  [
    { stop: ['a', 'b', 'c', 'd', 'e'] },
    'stop',
    'Expected a list of at most 4, each text of 1 to 4 characters, found a list of 5.',
  ],
  [{ stop: ['a', ''] }, 'stop[1]', 'Expected text of 1 to 4 characters, found empty text.'],
  [{ stop: ['a', null] }, 'stop[1]', 'Expected text of 1 to 4 characters, found null.'],
  [
    { stop: 7 },
    'stop',
    'Expected text of 1 to 4 characters or a list of at most 4, each text of 1 to 4 characters, found 7.',
  ],
  [{ parts: [true] }, 'parts[0]', 'Expected text or an object, found true.'],
  [
    { parts: [{ type: 'image' }] },
    'parts[0].type',
    'Expected "text", "sound" or "noise", found text of 5 characters.',
  ],
  [{ parts: [{}] }, 'parts[0].type', 'Expected "text", "sound" or "noise", found nothing.'],
  [{ parts: [{ type: 'text', text: null }] }, 'parts[0].text', 'Expected text, found null.'],
  [
    { parts: ['a', { type: 'noise', text: 'x' }] },
    'parts[1].text',
    'Expected no other field than type, found one with text of 1 character.',
  ],
])('says of %j, in a union, what the nearest alternative wants', (input, param, message) => {
  expect(complaint(Request, input)).toEqual([param, message])
})

it('gives what was parsed', () => {
  const input = { stop: ['a'], parts: [{ type: 'text', text: 'b' }], count: null }
  expect(parseAs(Request, input)).toEqual({ ...input, count: undefined })
})

it('neither quotes a text nor repeats a long name', () => {
  const secret = 'sk-'.repeat(2000)
  for (const input of [
    { stop: secret },
    { count: secret },
    { on: [secret] },
    { bias: { [secret]: 1 } },
    { [secret]: 1 },
  ]) {
    const [param = '', message] = complaint(Request, input)
    expect(message).not.toContain('sk-')
    expect(message.length).toBeLessThan(200)
    expect(param.length).toBeLessThanOrEqual(200)
  }
})
