import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { FORMATS } from '../../../../../../inference-host/decoding/structure/schema/formats.ts'
import { seededRandom } from '../../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import {
  accepts,
  bind,
  generate,
  hasty,
  schemaStructure,
  uniform,
  validator,
  vocabularyOf,
} from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

const GOOD: Record<string, string[]> = {
  date: ['2024-02-29', '2000-02-29', '1999-12-31'],
  'date-time': ['2026-11-29T23:59:59.123456+13:59'],
  duration: ['P1Y', 'P3M2D', 'PT5S', 'P1DT1H1M1S', 'P9W'],
  email: ['a.b_c+d@mail.example.co.uk'],
  ipv6: ['::', '::1', '1::', '2001:db8::ff00:42:8329', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::'],
  ipv4network: ['10.0.0.0/8', '192.168.1.0/24', '1.2.3.4/32'],
  uri: ['https://example.com', 'http://a.example.org:8080/x//y/?q=1&r=%20#top'],
  'uri-reference': ['/a/b?c'],
  'json-pointer': ['', '/a/0'],
  'relative-json-pointer': ['0', '1/a', '2#'],
  uuid: ['550E8400-e29b-41d4-a716-446655440000', '00000000-0000-0000-0000-000000000000'],
  uuid7: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  base64: ['', 'aGk='],
}
const BAD: Record<string, string[]> = {
  date: ['2023-02-29', '1900-02-29', '2024-04-31', '0000-01-01', '24-01-01'],
  'date-time': ['2024-02-30T00:00:00Z', '2024-02-29T24:00:00Z', '2024-02-29T00:00:00'],
  duration: ['P', 'PT', 'P1W1D', 'P1Y1D'],
  email: ['a..b@example.com', '.a@example.com', 'a@localhost', 'a@-b.com'],
  ipv6: ['1:2', ':::', '1::2::3', '12345::'],
  ipv4network: ['10.0.0.1/8', '10.0.0.0/33'],
  uri: ['https://localhost', 'https://a b.com', 'https://example.com/%2'],
  uuid: ['550e8400-e29b-91d4-a716-446655440000'],
  uuid7: ['550e8400-e29b-41d4-a716-446655440000'],
  base64: ['a', 'aGk'],
}

describe('a format', () => {
  test.each([...FORMATS.keys()])('%s is written as its validators read it', (format) => {
    const schema = { type: 'string', format }
    const structured = bind(schemaStructure(schema), vocabulary)
    const can = (text: string) => accepts(structured, JSON.stringify(text), vocabulary)
    for (const text of GOOD[format] ?? []) expect(can(text), text).toBe(true)
    for (const text of BAD[format] ?? []) expect(can(text), text).toBe(false)
    const ajv = validator()
    const validate = format in ajv.formats ? ajv.compile(schema) : undefined
    const read = new RegExp(`^(?:${FORMATS.get(format)?.read})$`)
    for (let seed = 0; seed < 4; seed++) {
      const most = structured.fewestTokens + 20
      for (const model of [uniform(seededRandom(seed)), hasty(seededRandom(seed), vocabulary)]) {
        const text = JSON.parse(generate(structured.start(most), vocabulary, model, most))
        if (validate !== undefined) expect(validate(text), text).toBe(true)
        expect(text).toMatch(read)
      }
    }
  })

  test('jwt has a header that names an algorithm, and parts that zod reads', () => {
    const structured = bind(schemaStructure({ type: 'string', format: 'jwt' }), vocabulary)
    for (let seed = 0; seed < 8; seed++) {
      const most = structured.fewestTokens + 30
      const text = JSON.parse(generate(structured.start(most), vocabulary, uniform(seededRandom(seed)), most))
      expect(z.jwt().safeParse(text).success, text).toBe(true)
    }
  })

  test('one that a list stands beside decides about its values as widely as anybody reads it', () => {
    const listed = { enum: ['mailto:a@b', 'https://localhost', 'not one'], format: 'uri' }
    const structured = bind(schemaStructure(listed), vocabulary)
    expect(listed.enum.map((text) => accepts(structured, JSON.stringify(text), vocabulary))).toEqual([
      true,
      true,
      false,
    ])
  })
})
