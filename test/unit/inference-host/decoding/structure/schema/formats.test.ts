import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { FORMATS } from '../../../../../../inference-host/decoding/structure/schema/formats.ts'
import { seededRandom } from '../../../../../../inference-host/decoding/writing/random.ts'
import { TwohopError } from '../../../../../../shared/errors.ts'
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
  'uri-reference': ['/a/b?c', '#', '#/definitions/a', '?q=a/b'],
  'json-pointer': ['', '/a/0'],
  'relative-json-pointer': ['0', '1/a', '2#'],
  // The last has no version and no variant: RFC 9562's grammar asks for none.
  uuid: [
    '550E8400-e29b-41d4-a716-446655440000',
    '00000000-0000-0000-0000-000000000000',
    '12345678-1234-1234-1234-123456789012',
  ],
  uuid7: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  base64: ['', 'aGk='],
  base64url: ['', 'aGkh', 'a-_9'],
  hex: ['', 'deadBEEF'],
  sha256_hex: ['a'.repeat(64)],
  md5_base64: [`${'A'.repeat(22)}==`],
  sha384_base64url: ['A'.repeat(64)],
  lowercase: ['abc 1', ''],
  uppercase: ['ABC-1'],
  emoji: ['🙂', '👩‍🚀🎉'],
  nanoid: ['V1StGXR8_Z5jdHi6B-myT'],
  cuid: ['cjld2cjxh0000qzrmn831i7rn'],
  cuid2: ['tz4a98xxat96iws9zmbrgj3a'],
  ulid: ['01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  xid: ['9m4e2mr0ui3e8a215n4g'],
  ksuid: ['0ujsszwN8NRY24YaXiTIE2VWDTS'],
  mac: ['00:1a:2b:3c:4d:5e', '00:1A:2B:3C:4D:5E'],
  cidrv4: ['10.0.0.0/8'],
  cidrv6: ['2001:db8::/32'],
  e164: ['+14155552671'],
  'name-email': ['Jo Doe <jo@example.com>'],
  'multi-host-uri': ['postgres://a.example.com,b.example.com/db'],
  zoneinfo: ['Europe/Berlin', 'UTC'],
  color: ['#fff', '#a1B2c3'],
  regex: [
    ...['^[a-z0-9]+(ab|c)*\\d?$', '', 'a{2,}b{0,10}', '([a-z]{99}-){9}'],
    ...['^\\s*(?:it|describe)\\(\\s*[\'"]([^\'"]+)[\'"]', 'a\\/b\\.[^\\s@]{2,}', '[\\w\\-]+'],
  ],
  url: ['https://example.com/a', 'https://my-own-shop.example.com/a?b=c'],
  'iso-time': ['23:59:59Z'],
  'iso-date-time': ['2026-11-29T23:59:59Z'],
  'json-pointer-uri-fragment': ['#', '#/a/0'],
}
const BAD: Record<string, string[]> = {
  url: ['/a', 'not one', 'https://example.com?q', 'https://a--b.com', 'https://example.com:9/'],
  'uri-template': ["https://example.com/a'b"],
  'iso-time': ['24:00:00Z', 'noon'],
  'iso-date-time': ['2023-02-29T00:00:00Z'],
  'json-pointer-uri-fragment': ['', '/a'],
  date: ['2023-02-29', '1900-02-29', '2024-04-31', '0000-01-01', '24-01-01'],
  'date-time': ['2024-02-30T00:00:00Z', '2024-02-29T24:00:00Z', '2024-02-29T00:00:00'],
  duration: ['P', 'PT', 'P1W1D', 'P1Y1D'],
  email: ['a..b@example.com', '.a@example.com', 'a@localhost', 'a@-b.com'],
  ipv6: ['1:2', ':::', '1::2::3', '12345::'],
  ipv4network: ['10.0.0.1/8', '10.0.0.0/33'],
  uri: ['https://localhost', 'https://a b.com', 'https://example.com/%2'],
  'uri-reference': ['#a#b', '#a b', '?%2', 'a:b'],
  uuid: ['550e8400e29b41d4a716446655440000', 'g50e8400-e29b-41d4-a716-446655440000'],
  uuid7: ['550e8400-e29b-41d4-a716-446655440000'],
  base64: ['a', 'aGk'],
  base64url: ['aGk', 'a+/9', 'aGk='],
  hex: ['abc', 'xy'],
  sha256_hex: ['a'.repeat(63)],
  md5_base64: ['A'.repeat(24)],
  lowercase: ['aBc'],
  uppercase: ['ABc'],
  emoji: ['5', 'a', ''],
  nanoid: ['short', `${'a'.repeat(20)}.`],
  cuid: ['abc', 'C-jld2cjxh0000qzrmn831i7rn'],
  ulid: ['81ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAU'],
  ksuid: ['0ujsszwN8NRY24YaXiTIE2VWDT'],
  mac: ['00:1a:2B:3c:4d:5e', '00-1a-2b-3c-4d-5e'],
  cidrv4: ['10.0.0.0', '10.0.0.0/33'],
  e164: ['4155552671', '+0123456789'],
  zoneinfo: ['Mars/Olympus', 'europe berlin'],
  regex: [
    ...[
      '(?=a)',
      '(?<a>b)',
      '(?i)a',
      '(*a)',
      '[]',
      '[^]',
      '[:a:]',
      '[.a.]',
      '[=a=]',
      '[a-]',
      '[a-Z]',
      'a\\-',
      '\\e',
    ],
    ...['(', 'a**', '[z-a]', '\\1', 'a{2,1}', '(a{99}){99}', '(a{0,99}){0,99}'],
  ],
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
    const read = new RegExp(`^(?:${FORMATS.get(format)?.read})$`, 'u')
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

  test.each<[string, string, string]>([
    ['base64url', '^[A-Za-z0-9_-]*$', 'aGk'],
    ['nanoid', '^[a-zA-Z0-9_-]{10}$', 'V1StGXR8_Z'],
    ['mac', '^(?:[0-9a-f]{2}-){5}[0-9a-f]{2}$', '00-1a-2b-3c-4d-5e'],
    ['hex', '^[0-9a-f]{3}$', 'abc'],
    ['uri', '^mailto:', 'mailto:jo@example.com'],
    ['uri', '^s3://', 's3://bucket/key'],
    ['uri', '^file:', 'file:///etc/hosts'],
    ['iri', '^urn:isbn:', 'urn:isbn:0451450523'],
    ['uri', '^http://localhost:', 'http://localhost:7070'],
  ])('%s leaves more to a pattern that stands beside it, as zod writes it', (format, pattern, text) => {
    const can = (schema: object) =>
      accepts(
        bind(schemaStructure({ type: 'string', ...schema }), vocabulary),
        JSON.stringify(text),
        vocabulary,
      )
    expect([can({ format, pattern }), can({ format })]).toEqual([true, false])
  })

  test.each([
    ['^mailto:', ['mailto:a b@c', 'mailto:', 'mailto:%2', 'Mailto:a@b']],
    ['^s3://', ['s3://', 's3://a_b/c', 's3://-a', 's3://1.2', 's3://a:0', 's3://a/\u00e4']],
    // Where something of what is written elsewhere is left, nothing else is.
    ['^https?://[a-z]', ['https://localhost', 'http://a']],
  ])('a uri that a pattern leaves is one: %s', (pattern, bad) => {
    const schema = { type: 'string', format: 'uri', pattern, maxLength: 40 }
    const structured = bind(schemaStructure(schema), vocabulary)
    for (const text of bad)
      expect([text, accepts(structured, JSON.stringify(text), vocabulary)]).toEqual([text, false])
    for (let seed = 0; seed < 8; seed++) {
      const model = uniform(seededRandom(seed))
      const text = JSON.parse(generate(structured.start(80), vocabulary, model, 80))
      expect([text, validator().validate(schema, text), URL.canParse(text)]).toEqual([text, true, true])
    }
  })

  test('a uuid is of the versions that there are where zod asks for them', () => {
    const structured = bind(schemaStructure(z.toJSONSchema(z.uuid())), vocabulary)
    const versions = ['550e8400-e29b-41d4-a716-446655440000', '550e8400-e29b-91d4-a716-446655440000']
    expect(versions.map((text) => accepts(structured, JSON.stringify(text), vocabulary))).toEqual([
      true,
      false,
    ])
  })

  test('still holds beside a pattern that says less', () => {
    const structured = bind(schemaStructure({ type: 'string', format: 'ulid', pattern: '^01' }), vocabulary)
    const can = (text: string) => accepts(structured, JSON.stringify(text), vocabulary)
    expect([can('01ARZ3NDEKTSV4RRFFQ69G5FAV'), can('01'), can('11ARZ3NDEKTSV4RRFFQ69G5FAV')]).toEqual([
      true,
      false,
      false,
    ])
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

  test('each that is named here is enforced', () => {
    expect(Object.keys({ ...GOOD, ...BAD }).filter((name) => !FORMATS.has(name))).toEqual([])
  })

  const greatest: [string, number][] = [
    ...[...FORMATS.keys()].map((name): [string, number] => [name, 0]),
    // Too many to be told apart with their counts.
    ['jwt', 200],
    ['emoji', 200],
    ['name-email', 200],
    ['multi-host-uri', 200],
  ]
  test.each(greatest)('%s of at most %i characters is still one', (name, maxLength) => {
    const written = answerOf({ type: 'string', format: name, maxLength })
    if (written === undefined) return expect(maxLength).toBe(0)
    expect(written).toMatch(new RegExp(`^(?:${FORMATS.get(name)?.read})$`, 'u'))
    expect(written.length).toBeLessThanOrEqual(maxLength)
    expect(validator().validate({ format: name }, written), written).toBe(true)
  })

  /** The shortest answer; undefined where nothing is valid. */
  function answerOf(schema: object): string | undefined {
    try {
      const structured = bind(schemaStructure(schema), vocabulary)
      const most = structured.fewestTokens + 30
      return JSON.parse(
        generate(structured.start(most), vocabulary, hasty(seededRandom(1), vocabulary), most),
      )
    } catch (error) {
      if (error instanceof TwohopError && /No string fulfils/.test(error.message)) return undefined
      throw error
    }
  }
})
