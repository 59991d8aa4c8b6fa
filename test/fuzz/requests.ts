import * as fc from 'fast-check'
import { openApi } from '../../edge/openapi/document.ts'
import { anyText } from '../fixtures/any-text.ts'
import { fromSchema, seldom } from './from-schema.ts'
import { type Mutation, mutated, mutation } from './mutations.ts'

type Json = Record<string, unknown>

/** In every kind of text that a client sends; it may come back in an answer, and nowhere else. */
export const CANARY = 'c4n4ry-of-the-fuzz'

/** A request as it is sent, but for its credential. */
export type Fuzzed = {
  /** The operation that it was made from: method and path as the document has them. */
  operation: string
  method: string
  path: string
  who: 'user' | 'admin' | 'key' | 'nobody' | 'forger'
  headers: Record<string, string>
  body: string | undefined
}

const document = openApi()
const schemas = Object(Object(document.components).schemas) as Record<string, Json>

const fuzzedText: fc.Arbitrary<string> = fc.oneof(
  fc.constant(CANARY),
  fc.string({ maxLength: 30 }),
  anyText,
  fc.constantFrom(
    'hello',
    `say ${CANARY}`,
    '<|im_end|>',
    '\r\n\r\nGET /',
    '"}],"x":{',
    '\u2028',
    'é'.repeat(300),
  ),
)
const small = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) },
  fc.constantFrom(0, 512, 1e6, null),
)

/** Where any value would do by the schema, one that gets a request further than its first check. */
function named(models: readonly string[]) {
  const model = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...models) },
    fc.constantFrom('gpt-9', '__proto__', '../x'),
  )
  return {
    model,
    ...{ max_tokens: small, max_completion_tokens: small, max_output_tokens: small, max_new_tokens: small },
    ...{ n: small, best_of: small },
    endpoint: fc.constantFrom('/v1/chat/completions', '/v1/embeddings', '/v1/tasks/fill-mask', '/v1/jobs'),
  }
}

const HEADERS = {
  'idempotency-key': fc.oneof(fc.uuid(), fc.constantFrom('', 'a b', 'x'.repeat(256), 'same')),
  'content-type': fc.constantFrom(
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data',
    '',
  ),
  origin: fc.constantFrom('https://evil.example', 'null', 'https://app.example'),
  accept: fc.constantFrom('text/event-stream', '*/*', CANARY),
  'user-agent': fc.constant(CANARY),
  'x-use-cache': fc.constant(CANARY),
  'x-forwarded-for': fc.constantFrom('127.0.0.1', CANARY, '::1, 10.0.0.1'),
  'x-request-id': fc.constant(CANARY),
}
const anyHeaders: fc.Arbitrary<Record<string, string>> = fc
  .record(
    Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name, seldom<string>(value, 6)])),
  )
  .map((all) =>
    Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  )

const anyCaller = fc.constantFrom<Fuzzed['who'][]>(
  'user',
  'user',
  'user',
  'user',
  'user',
  'admin',
  'key',
  'nobody',
  'forger',
)
const ids = fc.oneof(
  fc.constantFrom('job_1', '*', '..%2f..', '%00', 'firebase:x:y', '__proto__', '%F0%9F%94%91'),
  fc.stringMatching(/^[a-z0-9]{1,40}$/),
)

/** Requests to every operation of the document, made from its schemas, half of them spoilt. */
export function requests(models: readonly string[]): fc.Arbitrary<Fuzzed> {
  const options = {
    find: (ref: string) => schemas[ref.split('/').at(-1) ?? ''] ?? {},
    named: named(models),
    text: fuzzedText,
  }
  const operations = Object.entries(Object(document.paths) as Record<string, Record<string, Json>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) =>
        operation(path, method, Object(requestBody), options),
      ),
  )
  return fc.oneof(...operations)
}

function operation(
  path: string,
  method: string,
  { content }: Json,
  options: Parameters<typeof fromSchema>[1],
): fc.WeightedArbitrary<Fuzzed> {
  const form = Object(content)['multipart/form-data']
  const json = Object(content)['application/json'] ?? form
  const anyBody = json ? fromSchema(Object(Object(json).schema), options) : fc.constant(undefined)
  const anyMutations = fc.oneof(
    fc.constant<Mutation[]>([]),
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
  )
  const anyCut = seldom(fc.nat(200), 20)
  const arbitrary = fc
    .record({
      good: anyBody,
      mutations: anyMutations,
      cut: anyCut,
      headers: anyHeaders,
      who: anyCaller,
      id: ids,
      query: seldom(fuzzedText, 10),
    })
    .map(({ good, mutations, cut, headers, who, id, query }): Fuzzed => {
      const sent = mutated(good, mutations)
      const body = good === undefined ? undefined : form ? formOf(sent) : (JSON.stringify(sent) ?? '')
      const filled = path.replaceAll(/\{\w+\}/g, id)
      return {
        operation: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path:
          query === undefined
            ? filled
            : `${filled}?after=${encodeURIComponent(query.toWellFormed())}&limit=${encodeURIComponent(id)}`,
        who,
        headers: form ? { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers } : headers,
        body: cut === undefined ? body : body?.slice(0, cut),
      }
    })
  // What reads a body is what may stumble.
  return { arbitrary, weight: json ? 4 : 1 }
}

const BOUNDARY = 'b0undary'

/** The fields of an object as a form (RFC 7578), a file under the name that has one. */
function formOf(fields: unknown): string {
  const parts = Object.entries(Object(fields)).map(([name, value]) => {
    const file = name === 'file' ? '; filename="a.wav"' : ''
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${text}\r\n`
  })
  return `${parts.join('')}--${BOUNDARY}--\r\n`
}
