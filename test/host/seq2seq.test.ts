import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeTinySeq2seq } from '../fixtures/graphs/tiny-seq2seq-folder.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'

/** A model that answers with its own input; its folder says how it is made. */
const source = fileURLToPath(new URL('../fixtures/tiny-seq2seq', import.meta.url))
let folder: string
let serving: Serving

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'seq2seq-'))
  await writeTinySeq2seq(folder, { family: 'bart', multilingual: true, seed: 7 })
  serving = await serve([
    { id: 'batched', source: folder, task: 'translation' },
    { id: 'summarizer', source, task: 'summarization' },
    { id: 'translator', source, task: 'translation' },
  ])
})
afterAll(async () => {
  await serving?.stop()
  await rm(folder, { recursive: true, maxRetries: 10 })
})

const MODELS = { summarization: 'summarizer', translation: 'translator' }

async function ask(
  task: keyof typeof MODELS,
  text: string,
  maxTokens = 40,
  claims = {},
  model = MODELS[task],
) {
  const body = { model, inputs: [text], single: true, max_tokens: maxTokens, parameters: {} }
  const response = await serving.send(`POST /v1/tasks/${task}`, body, {
    claims: { scope: `tasks:${task}`, ...claims },
  })
  const usage = JSON.parse(response.headers.get('x-usage') ?? '{}')
  return { status: response.status, answer: (await response.json()) as { error?: { code: string } }, usage }
}

test('summarization: the hub’s shape, the end mark counted on both sides', async () => {
  const { answer, usage } = await ask('summarization', 'a fox.')
  expect(answer).toEqual([{ summary_text: 'a fox.' }])
  expect(usage).toEqual({ prompt_tokens: 7, completion_tokens: 7, total_tokens: 14 })
})

test('translation: with the model’s own prefix, which is counted', async () => {
  const { answer, usage } = await ask('translation', 'a fox.')
  expect(answer).toEqual([{ translation_text: 'to: a fox.' }])
  expect(usage).toEqual({ prompt_tokens: 11, completion_tokens: 11, total_tokens: 22 })
})

test('output ends at the reserved tokens', async () => {
  const { answer, usage } = await ask('summarization', 'a fox.', 3)
  expect(answer).toEqual([{ summary_text: 'a f' }])
  expect(usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 3 })
})

test('a text beyond the reservation or the model is refused, never cut off', async () => {
  const reserved = { prompt_tokens: 6, output_tokens: 40 }
  const unpaid = await ask('summarization', 'a fox.', 40, { reserved })
  expect([unpaid.status, unpaid.answer.error?.code, unpaid.usage.total_tokens]).toEqual([
    400,
    'prompt_exceeds_reservation',
    0,
  ])
  const long = await ask('summarization', 'a'.repeat(64))
  expect([long.status, long.answer.error?.code]).toEqual([400, 'context_length_exceeded'])
  // The encoder's input and the decoder's output are two sequences, each as long as the model allows.
  const full = await ask('summarization', 'a'.repeat(60), 60)
  expect(full.usage).toMatchObject({ prompt_tokens: 61, completion_tokens: 60 })
})

test('an export that takes several texts is batched; one that does not says so and runs alone', async () => {
  const lineOf = (word: string, model: string) =>
    serving.lines.find((line) => line.startsWith(`${word} `) && line.includes(model)) ?? ''
  expect(lineOf('model', 'id=batched')).toContain('slots=17')
  expect(lineOf('one_at_a_time', 'batched')).toBe('')
  expect(lineOf('batching', 'model=batched')).toMatch(
    / family=encoder-decoder kv_mb=\d+ batch_difference=[\d.e-]+$/,
  )
  expect(lineOf('model', 'id=summarizer')).toContain('slots=1 ')
  expect(lineOf('one_at_a_time', 'model=summarizer')).toContain('does not run with several texts')

  const texts = ['a fox.', 'the cat', 'over it', 'hello you there', 'no.', 'runs']
  const alone = []
  for (const text of texts) alone.push(await ask('translation', text, 30, {}, 'batched'))
  const together = await Promise.all(texts.map((text) => ask('translation', text, 30, {}, 'batched')))
  expect(together).toEqual(alone)
  expect(new Set(alone.map(({ answer }) => JSON.stringify(answer))).size).toBeGreaterThan(3)
})
