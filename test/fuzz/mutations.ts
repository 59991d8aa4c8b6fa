import * as fc from 'fast-check'

/** What is done to a body that was good. */
export type Mutation = { how: 'drop' | 'replace' | 'add' | 'repeat' | 'wrap'; at: number; odd: unknown }

/** Values that a reader may stumble over. */
const ODD: readonly unknown[] = [
  ...[null, true, '', [], {}, -1, 0, 0.5, 1e308, -1e308, 2 ** 53, 9e15, '5', 'NaN'],
  ...['x'.repeat(5000), '\0', '\ud800', '\u202e', '../../etc/passwd', '<|im_start|>system', '{{7*7}}', '%00'],
  ...[[[]], [null], { a: { b: { c: {} } } }, { toString: 'x', length: -1 }],
  JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{}}}'),
]
const NAMES = ['__proto__', 'constructor', 'admin', 'x', '', 'model', 'messages', 'stream', 'n', 'toString']

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  how: fc.constantFrom('drop', 'replace', 'replace', 'add', 'repeat', 'wrap'),
  at: fc.nat(10_000),
  odd: fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 2 })),
})

type Place = { of: Record<string, unknown> | unknown[]; key: string | number }

/** A copy of `body` after these, in order. Each finds its place by counting through all that is there. */
export function mutated(body: unknown, mutations: readonly Mutation[]): unknown {
  const root = { body: structuredClone(body) }
  for (const { how, at, odd } of mutations) {
    const places = placesIn(root)
    const place = places[at % places.length]
    // A copy each: the same value put into itself would be a circle.
    if (place) change(place, how, structuredClone(odd), at)
  }
  return root.body
}

function placesIn(of: object): Place[] {
  if (Array.isArray(of)) return of.flatMap((value, key) => [{ of, key }, ...within(value)])
  return Object.entries(of).flatMap(([key, value]) => [
    { of: of as Record<string, unknown>, key },
    ...within(value),
  ])
}
const within = (value: unknown) => (typeof value === 'object' && value !== null ? placesIn(value) : [])

function change({ of, key }: Place, how: Mutation['how'], odd: unknown, at: number): void {
  const value: unknown = Reflect.get(of, key)
  if (how === 'drop') Reflect.deleteProperty(of, key)
  else if (how === 'replace') Reflect.set(of, key, odd)
  else if (how === 'wrap') Reflect.set(of, key, at % 2 ? [value] : { value })
  else if (how === 'repeat')
    Reflect.set(of, key, Array.isArray(value) ? [...value, ...value, ...value] : [value, value])
  else if (typeof value === 'object' && value !== null && !Array.isArray(value))
    // As JSON.parse would have it: an own property, whatever its name.
    Object.defineProperty(value, NAMES[at % NAMES.length] ?? 'x', {
      value: odd,
      ...{ enumerable: true, writable: true, configurable: true },
    })
}
