import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { boundedRecord } from '../../../shared/bounded-record.ts'
import { ChatRequest, HostChatRequest } from '../../../shared/openai/chat.ts'
import { CompletionRequest, HostCompletionRequest } from '../../../shared/openai/completions.ts'
import { EmbeddingRequest, HostEmbeddingRequest } from '../../../shared/openai/embeddings.ts'
import { HostRerankRequest, RerankRequest } from '../../../shared/rerank.ts'
import { HostTaskRequest, TASK_REQUESTS } from '../../../shared/tasks.ts'

const short = boundedRecord(z.string().max(3), z.number(), 2)
const issues = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues.length ?? 0

describe('a bounded record', () => {
  it('has so many entries, each of its kind', () => {
    expect(short.parse({ a: 1, b: 2 })).toEqual({ a: 1, b: 2 })
    for (const odd of [7, 'a', null, [1], { long1: 1 }, { a: 'b' }]) expect(issues(short, odd)).toBe(1)
  })

  it('makes one complaint of many bad entries', () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`bad ${i}`, 'bad']))
    expect(short.safeParse(many).error?.issues.map(({ message }) => message)).toEqual(['at most 2 entries'])
  })
})

/** The schemas inside a schema, with their paths, by zod's own definitions. */
function* within(schema: z.core.$ZodType, path: string, above: z.core.$ZodType[]): Generator<Inner> {
  const { def } = schema._zod as z.core.$ZodTypeInternals & { def: z.core.$ZodTypeDef & Parts }
  yield { schema, path, above }
  const next = (inner: z.core.$ZodType | undefined, name: string) =>
    inner ? within(inner, `${path}${name}`, [...above, schema]) : []
  for (const [name, inner] of Object.entries(def.shape ?? {})) yield* next(inner, `.${name}`)
  for (const inner of def.options ?? []) yield* next(inner, '|')
  yield* next(def.element, '[]')
  yield* next(def.valueType, '{}')
  yield* next(def.innerType, '')
  yield* next(def.in, '')
  yield* next(def.out, '')
}
type Inner = { schema: z.core.$ZodType; path: string; above: z.core.$ZodType[] }
type Parts = {
  shape?: Record<string, z.core.$ZodType>
  options?: z.core.$ZodType[]
  element?: z.core.$ZodType
  valueType?: z.core.$ZodType
  innerType?: z.core.$ZodType
  in?: z.core.$ZodType
  out?: z.core.$ZodType
}

it.each(
  Object.entries({
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    RerankRequest,
    HostChatRequest,
    HostCompletionRequest,
    HostEmbeddingRequest,
    HostRerankRequest,
    HostTaskRequest,
    ...TASK_REQUESTS,
  }),
)('every list and record of %s has a bound', (name, request) => {
  const parts = [...within(request, name, [])]
  const lists = parts.filter(({ schema }) => schema instanceof z.ZodArray)
  expect(lists.length + parts.length).toBeGreaterThan(5)
  const unbounded = lists.filter(
    ({ schema }) =>
      !(schema as z.ZodArray)._zod.def.checks?.some((check) =>
        ['max_length', 'length_equals'].includes(check._zod.def.check),
      ),
  )
  const records = parts.filter(
    ({ schema, above }) =>
      schema instanceof z.ZodRecord &&
      !(schema.valueType instanceof z.ZodUnknown) &&
      !(above.at(-1) instanceof z.ZodPipe),
  )
  expect([...unbounded, ...records].map(({ path }) => path)).toEqual([])
})
