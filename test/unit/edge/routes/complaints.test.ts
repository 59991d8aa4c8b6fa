import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { JobRequest } from '../../../../edge/jobs/parse.ts'
import { HubFields } from '../../../../edge/parse/hub-completion.ts'
import { Encoded, EncodedForm } from '../../../../edge/parse/media-body.ts'
import { AccountList, AuditList, Grant, Plain, PlanChange } from '../../../../edge/routes/admin.ts'
import { Leaked, NewKey } from '../../../../edge/routes/api-keys.ts'
import { FeedbackRequest } from '../../../../edge/routes/feedback.ts'
import { Page } from '../../../../edge/routes/jobs.ts'
import { AnyMonths, Days, Latest, Months } from '../../../../edge/routes/stats.ts'
import { CountTokensRequest, MessagesRequest } from '../../../../shared/anthropic/messages.ts'
import type { TwohopError } from '../../../../shared/errors.ts'
import { MEDIA_REQUESTS } from '../../../../shared/media.ts'
import { ChatRequest } from '../../../../shared/openai/chat.ts'
import { CompletionRequest } from '../../../../shared/openai/completions.ts'
import { EmbeddingRequest } from '../../../../shared/openai/embeddings.ts'
import { ResponsesRequest } from '../../../../shared/openai/responses.ts'
import { TranscriptionRequest } from '../../../../shared/openai/transcriptions.ts'
import { parseAs } from '../../../../shared/parse-as.ts'
import { RerankRequest } from '../../../../shared/rerank.ts'
import { TASK_REQUESTS } from '../../../../shared/tasks.ts'
import { ROOT, repositoryFiles } from '../../../fixtures/imports.ts'

/** The schemas of everything that a client can send to the edge, by their names in the code. */
const SCHEMAS: Record<string, z.ZodType> = {
  ...{ HubFields },
  ...{
    MessagesRequest,
    CountTokensRequest,
    ChatRequest,
    ResponsesRequest,
    CompletionRequest,
    EmbeddingRequest,
    RerankRequest,
    JobRequest,
    Page,
  },
  ...{
    AccountList,
    AuditList,
    Grant,
    Plain,
    PlanChange,
    NewKey,
    Leaked,
    Days,
    Latest,
    Months,
    AnyMonths,
    FeedbackRequest,
  },
  ...{ Encoded, EncodedForm, TranscriptionRequest },
  ...TASK_REQUESTS,
  ...MEDIA_REQUESTS,
}

it('every schema that the edge parses by is here', () => {
  const sources = repositoryFiles().filter((file) => /^edge\/.*\.ts$/.test(file))
  const named = sources.flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/\b(?:parseAs\(|acting\(c, )(\w+)/g)].map(
      ([, name = '']) => name,
    ),
  )
  expect(named.length).toBeGreaterThan(12)
  // `schema` is what `acting` was given; the hub's tasks are in one table.
  const known = new Set([...Object.keys(SCHEMAS), 'schema', 'TASK_REQUESTS', 'MEDIA_REQUESTS'])
  expect(named.filter((name) => !known.has(name))).toEqual([])
})

/** A schema and all in it, each with the way to it. Every place is looked at once. */
function partsOf(
  schema: z.core.$ZodType,
  way: string,
  seen: Set<z.core.$ZodType>,
): [string, z.core.$ZodType][] {
  if (seen.has(schema)) return []
  seen.add(schema)
  const { def } = (schema as z.core.$ZodTypes)._zod
  const inner: [string, z.core.$ZodType][] = []
  if (def.type === 'object') inner.push(...Object.entries(def.shape))
  if (def.type === 'array') inner.push(['[]', def.element])
  if (def.type === 'record') inner.push(['{}', def.valueType], ['key', def.keyType])
  if (def.type === 'union')
    inner.push(...def.options.map((option, i): [string, z.core.$ZodType] => [`|${i}`, option]))
  if (def.type === 'pipe') inner.push(['in', def.in], ['out', def.out])
  if (def.type === 'optional' || def.type === 'nullable' || def.type === 'default')
    inner.push(['?', def.innerType])
  return [[way, schema], ...inner.flatMap(([step, part]) => partsOf(part, `${way} ${step}`, seen))]
}

const SECRET = 'sk-secret-0123456789'
const BAD: unknown[] = [
  ...[undefined, null, true, 0, -1, 1.5, 1e300, 7, Number.NaN],
  ...['', 'a', SECRET, SECRET.repeat(900), '\ud800'],
  ...[
    [],
    [null],
    ['a', 'b'],
    ['a', 7],
    [''],
    [[1, 2]],
    Array.from({ length: 3000 }, () => 'a'),
    [{}],
    [{ type: 'image_url' }],
  ],
  ...[
    {},
    { [SECRET]: 1 },
    { type: SECRET },
    { type: 'function' },
    { role: 'user' },
    { role: SECRET },
    { text: null },
  ],
]

// What is made of a value that was taken complains of nothing.
const looked = new Set<z.core.$ZodType>()
const parts = Object.entries(SCHEMAS)
  .flatMap(([name, schema]) => partsOf(schema, name, looked))
  .filter(([, schema]) => (schema as z.core.$ZodTypes)._zod.def.type !== 'transform')
const unions = parts.filter(([, schema]) => schema._zod.def.type === 'union')

/** What is said of a value that a schema refuses; undefined where it takes it. */
function complaint(schema: z.core.$ZodType, value: unknown): TwohopError | undefined {
  try {
    parseAs(schema as z.ZodType, value)
    return undefined
  } catch (error) {
    return error as TwohopError
  }
}

/** Whether a text is refused in words that it fits: of which the sender learns nothing. */
function asksForWhatItFound(message: string): boolean {
  const [, from = '', to = '', characters] =
    message.match(
      /^Expected text(?: that is not empty| of (?:at most )?(?:(\d+) to )?(\d+) characters)?, found text of (\d+) character/,
    ) ?? []
  return (
    characters !== undefined &&
    Number(characters) >= Number(from || 0) &&
    Number(characters) <= Number(to || Infinity)
  )
}

describe('a complaint', () => {
  it('is looked at in every part of every schema', () => {
    expect(parts.length).toBeGreaterThan(250)
    expect(unions.length).toBeGreaterThan(12)
  })

  it.each(parts)('says what is allowed and what was found: %s', (_, schema) => {
    for (const error of BAD.flatMap((value) => complaint(schema, value) ?? [])) {
      const { code, message, param = '' } = error
      expect(code).toBe('invalid_request')
      expect(message).toMatch(/^Expected (?!has |must |not |is |only |use |this )[^A-Z].*, found .+\.$/)
      expect(message).not.toMatch(/invalid|another value|undefined|\[object|sk-secret|NaN to/i)
      expect(message.length).toBeLessThan(1200)
      expect(param.length).toBeLessThanOrEqual(200)
    }
  })

  it.each(parts)('never asks for what it found: %s', (_, schema) => {
    for (const error of BAD.flatMap((value) => complaint(schema, value) ?? []))
      expect(error.message).not.toSatisfy(asksForWhatItFound)
  })

  it.each(unions)('of a union says more than that it is wrong: %s', (_, schema) => {
    const messages = BAD.flatMap((value) => complaint(schema, value)?.message ?? [])
    expect(messages.length).toBeGreaterThan(3)
    expect(new Set(messages).size).toBeGreaterThan(3)
  })
})
