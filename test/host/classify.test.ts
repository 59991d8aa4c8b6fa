import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Classification } from '../../shared/tasks.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'

/** A model whose scores can be worked out by hand; its folder says how it is made. */
const source = fileURLToPath(new URL('../fixtures/tiny-classifier', import.meta.url))
let serving: Serving

beforeAll(async () => {
  serving = await serve([{ id: 'direction', source, task: 'text-classification' }])
})
afterAll(() => serving?.stop())

async function classify(inputs: string[], parameters: object = {}) {
  const body = { model: 'direction', inputs, single: false, max_tokens: 0, parameters }
  const response = await serving.send('POST /v1/tasks/text-classification', body, {
    claims: { scope: 'tasks:text-classification' },
  })
  return {
    status: response.status,
    answer: (await response.json()) as Classification[][],
    usage: JSON.parse(response.headers.get('x-usage') ?? '{}'),
  }
}

test('labels with their probabilities, the likeliest first, and tokens counted with their marks', async () => {
  const { answer, usage } = await classify(['down down up', 'level'])
  const total = Math.exp(2) + Math.exp(1) + Math.exp(0)
  const score = (count: number) => expect.closeTo(Math.exp(count) / total, 5)
  expect(answer[0]).toEqual([
    { label: 'DOWN', score: score(2) },
    { label: 'UP', score: score(1) },
    { label: 'LEVEL', score: score(0) },
  ])
  expect(answer[1]?.[0]?.label).toBe('LEVEL')
  expect(usage).toEqual({ prompt_tokens: 5 + 3, completion_tokens: 0, total_tokens: 5 + 3 })
})

test('top_k', async () => {
  const { answer } = await classify(['up'], { top_k: 1 })
  expect(answer.map((labels) => labels.map(({ label }) => label))).toEqual([['UP']])
})

test('a text beyond the model fails in its place; alone, it is refused', async () => {
  const many = await classify(['up', 'up '.repeat(15)])
  expect([many.status, many.answer]).toMatchObject([
    200,
    [[{ label: 'UP' }, {}, {}], { error: { code: 'context_length_exceeded' } }],
  ])
  const one = await classify(['up '.repeat(15)])
  expect(one.status).toBe(400)
  expect(one.answer).toMatchObject({ error: { code: 'context_length_exceeded', param: 'inputs[0]' } })
})
