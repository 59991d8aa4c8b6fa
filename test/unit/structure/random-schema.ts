import fc from 'fast-check'

/** Schemas of the kinds that are supported, in any nesting; most can be met, some contradict themselves. */
export function randomSchema(depth = 3): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(strings, integers, numbers, literals, fc.constant({ type: 'boolean' }), nothing)
  if (depth === 0) return leaf
  const inner = randomSchema(depth - 1)
  return fc.oneof(
    { weight: 2, arbitrary: leaf },
    { weight: 4, arbitrary: objects(inner) },
    { weight: 2, arbitrary: arrays(inner) },
    { weight: 1, arbitrary: maps(inner) },
    { weight: 1, arbitrary: fc.record({ anyOf: fc.array(inner, { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: variants(inner) },
    { weight: 1, arbitrary: both(inner) },
    { weight: 1, arbitrary: fc.constant({}) },
  )
}

const nothing = fc.constant({ type: ['null'], title: 'nothing' })
const small = fc.nat({ max: 12 })
const name = fc.oneof(
  fc.constantFrom(
    'id',
    'name',
    'kind',
    'items',
    'a',
    'ab',
    'x-y',
    'größe',
    'with space',
    'q"uote',
    'back\\slash',
    '名',
  ),
  fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...'abcxyz_') }),
)

const strings = fc.oneof(
  fc.constant({ type: 'string' }),
  fc
    .tuple(small, small)
    .map(([a, b]) => ({ type: 'string', minLength: Math.min(a, b), maxLength: Math.max(a, b) })),
  fc.record({ type: fc.constant('string'), maxLength: fc.constantFrom(1, 40, 300, 100_000) }),
  fc.record({
    type: fc.constant('string'),
    pattern: fc.constantFrom(
      '^[a-z]([-a-z0-9]*[a-z0-9])?$',
      '^\\d{3}-\\d{4}$',
      '[A-Z]{2}\\d+',
      '^v\\d+',
      '\\.json$',
      '^(GET|POST|PUT)$|^\\*$',
      '^[^\\s]+$',
      '^"\\\\?.$',
      '^(?:[a-f0-9]{2}:){3}[a-f0-9]{2}$',
      '^\\W{2}\\S$',
      '^.{2,5}$',
    ),
  }),
  fc.record({
    type: fc.constant('string'),
    format: fc.constantFrom(
      ...['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'],
    ),
  }),
  fc.constant({ type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', minLength: 3, maxLength: 20 }),
)

const bound = fc.oneof(
  fc.integer({ min: -1200, max: 1200 }),
  fc.constantFrom(0.1, -0.5, 2.75, 99.999, 1e9, -1e12, 1e-7, 0.3333333333333333),
)
function ranged(type: string, of: fc.Arbitrary<number>): fc.Arbitrary<unknown> {
  return fc
    .tuple(of, of, fc.boolean(), fc.boolean(), fc.constantFrom('both', 'low', 'high'))
    .map(([a, b, openLow, openHigh, sides]) => ({
      type,
      ...(sides !== 'high' && { [openLow ? 'exclusiveMinimum' : 'minimum']: Math.min(a, b) }),
      ...(sides !== 'low' && { [openHigh ? 'exclusiveMaximum' : 'maximum']: Math.max(a, b) }),
    }))
}
const integers = fc.oneof(fc.constant({ type: 'integer' }), ranged('integer', bound))
const numbers = fc.oneof(fc.constant({ type: 'number' }), ranged('number', bound))

const scalar = fc.oneof(
  fc.string({ maxLength: 8, unit: 'grapheme' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const literals = fc.oneof(
  fc.record({ enum: fc.array(scalar, { minLength: 1, maxLength: 6 }) }),
  fc.record({ const: fc.oneof(scalar, fc.constant({ deep: [1, { x: null }] })) }),
)

function objects(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .record({
      properties: fc.dictionary(name, inner, { maxKeys: 5, noNullPrototype: true }),
      required: fc.float({ min: 0, max: 1, noNaN: true }),
      rest: fc.constantFrom<unknown>(undefined, false, true, { type: 'integer' }),
      typed: fc.boolean(),
      least: fc.constantFrom(undefined, 1, 2),
      most: fc.constantFrom(undefined, 2, 8),
    })
    .map(({ properties, required, rest, typed, least, most }) => ({
      ...(typed && { type: 'object' }),
      properties,
      required: Object.keys(properties).filter((_, place) => (place * 0.37) % 1 < required),
      ...(rest !== undefined && { additionalProperties: rest }),
      ...(least !== undefined && { minProperties: least }),
      ...(most !== undefined && { maxProperties: most }),
    }))
}

function arrays(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.record({ type: fc.constant('array'), items: inner }),
    fc.record({
      type: fc.constant('array'),
      items: inner,
      minItems: fc.nat({ max: 3 }),
      maxItems: fc.integer({ min: 3, max: 6 }),
    }),
    fc.record({
      type: fc.constant('array'),
      prefixItems: fc.array(inner, { minLength: 1, maxLength: 3 }),
      minItems: fc.nat({ max: 4 }),
    }),
    fc.record({
      type: fc.constant('array'),
      uniqueItems: fc.constant(true),
      items: fc.record({
        enum: fc.array(fc.oneof(fc.nat({ max: 20 }), fc.constantFrom('a', 'b', 'ab')), {
          minLength: 3,
          maxLength: 7,
        }),
      }),
      minItems: fc.nat({ max: 2 }),
    }),
  )
}

function maps(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.record(
    {
      type: fc.constant('object'),
      additionalProperties: inner,
      propertyNames: fc.constantFrom({ pattern: '^[a-z]{1,4}$' }, { maxLength: 3 }, { enum: ['x', 'y'] }),
      maxProperties: fc.integer({ min: 1, max: 4 }),
    },
    { requiredKeys: ['type', 'additionalProperties'] },
  )
}

/** A union told apart by a required property, as OpenAPI's discriminator does. */
function variants(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(inner, inner, fc.boolean()).map(([a, b, closed]) => ({
    oneOf: [a, b].map((body, place) => ({
      type: 'object',
      properties: { kind: { const: `kind ${place}` }, body },
      required: ['kind', 'body'],
      ...(closed && { additionalProperties: false }),
    })),
  }))
}

/** What a reference and its neighbours ask for together. */
function both(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(inner, inner).map(([a, b]) => ({
    type: 'object',
    required: ['left'],
    allOf: [{ properties: { left: a } }, { properties: { right: b }, required: ['right'] }],
  }))
}
