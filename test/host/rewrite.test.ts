import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Serving, serve } from './serving.ts'

/** A model that answers with its own input; its folder says how it is made. */
const source = fileURLToPath(new URL('tiny-rewriter', import.meta.url))
let serving: Serving

beforeAll(async () => {
  serving = await serve([
    { id: 'summarizer', source, task: 'summarization' },
    { id: 'translator', source, task: 'translation' },
  ])
})
afterAll(() => serving?.stop())

const MODELS = { summarization: 'summarizer', translation: 'translator' }

async function rewrite(task: keyof typeof MODELS, text: string, maxTokens = 40, claims = {}) {
  const body = { model: MODELS[task], inputs: [text], single: true, max_tokens: maxTokens, parameters: {} }
  const response = await serving.send(`POST /v1/tasks/${task}`, body, {
    claims: { scope: `tasks:${task}`, ...claims },
  })
  const usage = JSON.parse(response.headers.get('x-usage') ?? '{}')
  return { status: response.status, answer: (await response.json()) as { error?: { code: string } }, usage }
}

test('summarization: the hub’s shape, the end mark counted on both sides', async () => {
  const { answer, usage } = await rewrite('summarization', 'a fox.')
  expect(answer).toEqual([{ summary_text: 'a fox.' }])
  expect(usage).toEqual({ prompt_tokens: 7, completion_tokens: 7, total_tokens: 14 })
})

test('translation: with the model’s own prefix, which is counted', async () => {
  const { answer, usage } = await rewrite('translation', 'a fox.')
  expect(answer).toEqual([{ translation_text: 'to: a fox.' }])
  expect(usage).toEqual({ prompt_tokens: 11, completion_tokens: 11, total_tokens: 22 })
})

test('output ends at the reserved tokens', async () => {
  const { answer, usage } = await rewrite('summarization', 'a fox.', 3)
  expect(answer).toEqual([{ summary_text: 'a f' }])
  expect(usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 3 })
})

test('a text beyond the reservation or the model is refused, never cut off', async () => {
  const reserved = { prompt_tokens: 6, output_tokens: 40 }
  const unpaid = await rewrite('summarization', 'a fox.', 40, { reserved })
  expect([unpaid.status, unpaid.answer.error?.code, unpaid.usage.total_tokens]).toEqual([
    400,
    'prompt_exceeds_reservation',
    0,
  ])
  const long = await rewrite('summarization', 'a'.repeat(64))
  expect([long.status, long.answer.error?.code]).toEqual([400, 'context_length_exceeded'])
  // The encoder's input and the decoder's output are two sequences, each as long as the model allows.
  const full = await rewrite('summarization', 'a'.repeat(60), 60)
  expect(full.usage).toMatchObject({ prompt_tokens: 61, completion_tokens: 60 })
})
