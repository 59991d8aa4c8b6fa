import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModelTask } from '../../inference-host/device/port.ts'
import type { RerankAnswer } from '../../shared/rerank.ts'
import type { Answer, Classification, FilledMask, TokenClassification } from '../../shared/tasks.ts'
import { TINY_CONTEXT, writeTinyEncoder } from '../fixtures/graphs/tiny-encoder.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'

// The host with one tiny model a task, over HTTP. Whether their answers are right is for
// test/unit/inference-host/encoding to say.

const LABELS: Partial<Record<ModelTask, string[]>> = {
  'token-classification': ['O', 'B-PER', 'I-PER'],
  'zero-shot-classification': ['contradiction', 'entailment'],
  'text-ranking': ['relevant'],
  'fill-mask': [],
  'question-answering': [],
  'feature-extraction': [],
}
const TASKS = Object.keys(LABELS) as ModelTask[]
let folder: string
let serving: Serving

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tiny-encoders-'))
  for (const name of TASKS)
    await writeTinyEncoder(path.join(folder, name), name, { labels: LABELS[name] ?? [] })
  serving = await serve(TASKS.map((name) => ({ id: name, source: path.join(folder, name), task: name })))
})
afterAll(async () => {
  await serving?.stop()
  await rm(folder, { recursive: true, maxRetries: 10 })
})

async function ask<Body>(route: string, scope: string, body: { model: string } & Record<string, unknown>) {
  const response = await serving.send(`POST ${route}`, body, {
    claims: { scope, reserved: { prompt_tokens: 20_000, output_tokens: 0 } },
  })
  return {
    status: response.status,
    body: (await response.json()) as Body,
    usage: JSON.parse(response.headers.get('x-usage') ?? '{}') as { prompt_tokens: number },
  }
}
const task = <Body>(name: ModelTask, inputs: string[], parameters: object = {}, single = true) =>
  ask<Body>(`/v1/tasks/${name}`, `tasks:${name}`, { model: name, inputs, single, max_tokens: 0, parameters })

test('several jobs of an encoder run at once', () => {
  for (const name of TASKS)
    expect(serving.lines.find((line) => line.includes(`id=${name} `))).toContain('slots=16')
})

test('token classification: the entities of one input, or a list for several', async () => {
  const all = { ignore_labels: [], aggregation_strategy: 'none' }
  const one = await task<TokenClassification[]>('token-classification', ['Anna runs'], all)
  expect(one.body.map(({ word, start, end }) => [word, start, end])).toEqual([
    ['anna', 0, 4],
    ['runs', 5, 9],
  ])
  const several = await task<TokenClassification[][]>('token-classification', ['Anna', 'a fox'], all, false)
  expect(several.body.map((entities) => entities.length)).toEqual([1, 2])
  expect(several.usage.prompt_tokens).toBe(3 + 4)
  const grouped = await task<TokenClassification[]>('token-classification', ['Anna runs'], {
    ignore_labels: [],
  })
  expect(grouped.body.every((entity) => entity.entity_group !== undefined)).toBe(true)
})

test('zero-shot: labels with scores that sum to 1, and each hypothesis counted', async () => {
  const parameters = { candidate_labels: ['fox', 'dog', 'cat'] }
  const { body, usage } = await task<Classification[]>('zero-shot-classification', ['the fox'], parameters)
  expect(body.map(({ label }) => label).sort()).toEqual(['cat', 'dog', 'fox'])
  expect(body.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5)
  expect(usage.prompt_tokens).toBe(3 * (3 + 2 + 5))
  expect((await task('zero-shot-classification', ['the fox'])).body).toMatchObject({
    error: { code: 'invalid_request', param: 'parameters.candidate_labels' },
  })
})

test('fill-mask: five tokens unless told otherwise', async () => {
  const { body } = await task<FilledMask[]>('fill-mask', ['the [MASK] fox'])
  expect(body).toHaveLength(5)
  expect(body[0]?.sequence).toContain(body[0]?.token_str)
  expect((await task<FilledMask[]>('fill-mask', ['the [MASK] fox'], { top_k: 2 })).body).toHaveLength(2)
})

test('question answering: one answer as an object, several as a list', async () => {
  const context = 'Anna lives in Paris.'
  const { body } = await task<Answer>('question-answering', ['who', context])
  expect(context.slice(body.start ?? 0, body.end ?? 0)).toBe(body.answer)
  const three = await task<Answer[]>('question-answering', ['who', context], { top_k: 3, max_answer_len: 1 })
  expect(three.body).toHaveLength(3)
  expect(three.body.every(({ answer }) => !answer.includes(' '))).toBe(true)
})

test('rerank: the most relevant first, with its document where asked', async () => {
  const documents = ['a fox', 'Paris', 'the lazy dog']
  const asked = { model: 'text-ranking', query: 'who', documents }
  const { body, usage } = await ask<RerankAnswer>('/v1/rerank', 'tasks:text-ranking', {
    ...asked,
    return_documents: true,
  })
  expect(body.results.map(({ index }) => index).sort()).toEqual([0, 1, 2])
  const scores = body.results.map(({ relevance_score }) => relevance_score)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  for (const { index, document } of body.results) expect(document).toEqual({ text: documents[index] })
  expect(body.usage).toEqual({ prompt_tokens: usage.prompt_tokens, total_tokens: usage.prompt_tokens })
  expect(usage.prompt_tokens).toBe(3 * (3 + 1) + 2 + 1 + 3)
  const { body: best } = await ask<RerankAnswer>('/v1/rerank', 'tasks:text-ranking', { ...asked, top_n: 1 })
  expect(best.results).toEqual([{ index: body.results[0]?.index, relevance_score: scores[0] }])
})

test('embeddings: dimensions, and cut where asked', async () => {
  const input = ['fox '.repeat(2 * TINY_CONTEXT)]
  const asked = { model: 'feature-extraction', input, encoding_format: 'float' }
  const embed = (more: object = {}) =>
    ask<{ data: { embedding: number[] }[] }>('/v1/embeddings', 'embed', { ...asked, ...more })
  expect((await embed()).body).toMatchObject({
    error: { code: 'context_length_exceeded', param: 'input[0]' },
  })
  const cut = await embed({ truncate: true, dimensions: 4 })
  expect([cut.body.data[0]?.embedding.length, cut.usage.prompt_tokens]).toEqual([4, TINY_CONTEXT])
  expect(Math.hypot(...(cut.body.data[0]?.embedding ?? []))).toBeCloseTo(1, 5)
  expect((await embed({ truncate: true, dimensions: 17 })).body).toMatchObject({
    error: { param: 'dimensions' },
  })
})

const LONG = 'fox '.repeat(2 * TINY_CONTEXT)
const tooLong = {
  error: {
    code: 'context_length_exceeded',
    message: `This text has ${2 * TINY_CONTEXT + 2} tokens; the model holds ${TINY_CONTEXT}. Shorten it, or split it over several requests.`,
  },
}

test('a text of a list that is too long fails in its place, and the others have their results', async () => {
  const both = await task('feature-extraction', ['fox', 'fox cat'], {}, false)
  const three = await task('feature-extraction', ['fox', LONG, 'fox cat'], {}, false)
  expect([three.status, three.body]).toEqual([200, (both.body as unknown[]).toSpliced(1, 0, tooLong)])
  expect(three.usage).toEqual(both.usage)

  // Each label reads the text once more: an item is the text, not a row.
  const labels = { candidate_labels: ['fox', 'cat', 'paris'] }
  const named = await task<Classification[]>('zero-shot-classification', ['a fox runs'], labels)
  const zeroShot = await task('zero-shot-classification', [LONG, 'a fox runs'], labels, false)
  expect(zeroShot.body).toEqual([
    {
      error: { code: 'context_length_exceeded', message: expect.stringContaining('tokens; the model holds') },
    },
    named.body,
  ])
  expect(zeroShot.usage).toEqual(named.usage)
})

test('where every text is too long the request is refused, and nothing is computed', async () => {
  for (const [inputs, single] of [
    [[LONG], true],
    [[LONG, LONG], false],
  ] as const) {
    const { status, body, usage } = await task('feature-extraction', [...inputs], {}, single)
    expect([status, usage.prompt_tokens]).toEqual([400, 0])
    expect(body).toMatchObject({ error: { ...tooLong.error, param: 'inputs[0]' } })
  }
})

test('a list is cut to the model’s context where that is asked for', async () => {
  const inputs = ['fox', LONG]
  expect((await task<number[][]>('feature-extraction', inputs, { truncate: true }, false)).body).toHaveLength(
    2,
  )
})

test('many clients at once get their own vectors', async () => {
  const words = ['fox', 'dog', 'paris', 'anna', 'cat']
  const texts = Array.from({ length: 40 }, (_, i) => `${words[i % 5]} `.repeat(1 + (i % 9)).trim())
  const embed = async (text: string) => (await task<number[]>('feature-extraction', [text])).body
  const together = await Promise.all(texts.map(embed))
  for (const [i, text] of texts.entries())
    expect(together[i]).toEqual((await embed(text)).map((value) => expect.closeTo(value, 5)))
})
