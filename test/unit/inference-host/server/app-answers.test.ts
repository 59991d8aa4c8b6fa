import { expect, test } from 'vitest'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

const COUNTED = { include_usage: true, continuous_usage_stats: true }

async function eventsOf(response: Response): Promise<string[]> {
  return (await response.text())
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''))
}

test('a whole chat answer, with its usage in the body and its cost in the headers', async () => {
  const { send, arrived } = await createHandApp()
  const answer = send('POST /v1/chat/completions', CHAT, { jti: 'request-1' })
  const run = await arrived()
  expect(run.work).toMatchObject({ kind: 'chat', limits: { promptTokens: 32, outputTokens: 8 } })
  run.report({ type: 'started', promptTokens: 5 })
  run.report({ type: 'token', text: 'Hel', outputTokens: 1 })
  run.report({ type: 'token', text: 'lo', outputTokens: 2 })
  run.end(DONE, { promptTokens: 5, outputTokens: 3, computeMs: 12 })
  const response = await answer
  const usage = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 }
  expect(await response.json()).toMatchObject({
    id: 'chatcmpl-request-1',
    object: 'chat.completion',
    model: 'chat-1',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Hello' }, logprobs: null, finish_reason: 'stop' },
    ],
    usage,
  })
  expect(JSON.parse(response.headers.get('x-usage') ?? '')).toEqual(usage)
  expect(JSON.parse(response.headers.get('x-timing') ?? '')).toEqual({
    queue_ms: expect.any(Number),
    compute_ms: 12,
    first_token_ms: expect.any(Number),
  })
})

test('a streamed chat answer: role first, usage on every chunk, a last chunk with timing, then [DONE]', async () => {
  const { send, arrived } = await createHandApp()
  const answer = send('POST /v1/chat/completions', { ...CHAT, stream: true, stream_options: COUNTED })
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 5 })
  run.report({ type: 'token', text: 'Hi', outputTokens: 1 })
  run.report({ type: 'token', text: '', outputTokens: 2 })
  run.end(DONE, { promptTokens: 5, outputTokens: 2, computeMs: 12 })
  const events = await eventsOf(await answer)
  expect(events.pop()).toBe('[DONE]')
  const chunks = events.map((event) => JSON.parse(event))
  expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
    { role: 'assistant', content: '' },
    { content: 'Hi' },
    { content: '' },
    {},
    undefined,
  ])
  expect(chunks.map(({ usage }) => usage.completion_tokens)).toEqual([0, 1, 2, 2, 2])
  expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
    null,
    null,
    null,
    'stop',
    undefined,
  ])
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    timing: { queue_ms: expect.any(Number), compute_ms: 12 },
  })
  expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1)
})

test('without usage asked for, only chunks with text and the last one come', async () => {
  const { send, arrived } = await createHandApp()
  const answer = send('POST /v1/completions', {
    model: 'chat-1',
    prompt: 'a',
    max_tokens: 8,
    stream: true,
    stop: [],
  })
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 1 })
  run.report({ type: 'token', text: '', outputTokens: 1 })
  run.report({ type: 'token', text: 'b', outputTokens: 2 })
  run.end(DONE, { promptTokens: 1, outputTokens: 2 })
  const chunks = (await eventsOf(await answer)).slice(0, -1).map((event) => JSON.parse(event))
  expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['b', '', undefined])
  expect(chunks.map(({ usage }) => usage)).toEqual([undefined, undefined, expect.any(Object)])
})

test('a stream that fails ends with one error event, what was computed, and no [DONE]', async () => {
  const { send, arrived } = await createHandApp()
  const answer = send('POST /v1/chat/completions', { ...CHAT, stream: true, stream_options: COUNTED })
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 5 })
  const response = await answer
  run.report({ type: 'token', text: 'Hi', outputTokens: 1 })
  run.end({ how: 'failed' }, { promptTokens: 5, outputTokens: 1, computeMs: 4 })
  const events = await eventsOf(response)
  expect(events).not.toContain('[DONE]')
  expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({
    error: { code: 'host_failed', type: 'server_error' },
    usage: { prompt_tokens: 5, completion_tokens: 1 },
    timing: { compute_ms: 4 },
  })
})

test.each([true, false])(
  'a refusal before compute is a plain error with nothing used (stream: %s)',
  async (stream) => {
    const { send, arrived } = await createHandApp()
    const answer = send('POST /v1/chat/completions', { ...CHAT, stream })
    const run = await arrived()
    run.end({ how: 'refused', code: 'prompt_exceeds_reservation', message: 'too long', param: undefined })
    const response = await answer
    expect(JSON.parse(response.headers.get('x-usage') ?? '')).toMatchObject({ total_tokens: 0 })
    expect(await codeOf(response)).toMatchObject({ status: 400, code: 'prompt_exceeds_reservation' })
  },
)

test('embeddings: vectors as the worker wrote them, usage of prompts only', async () => {
  const { encoder, send, arrived } = await createHandApp()
  const body = { model: 'embed-1', input: ['a', 'b'], encoding_format: 'float' }
  const answer = send('POST /v1/embeddings', body, { scope: 'embed' })
  const run = await arrived(0, encoder)
  run.report({ type: 'started', promptTokens: 6 })
  run.end(
    { how: 'finished', output: { kind: 'items', json: ['[1,2]', '[3,4]'] } },
    { promptTokens: 6, computeMs: 3 },
  )
  expect(await (await answer).json()).toEqual({
    object: 'list',
    data: [
      { object: 'embedding', index: 0, embedding: [1, 2] },
      { object: 'embedding', index: 1, embedding: [3, 4] },
    ],
    model: 'embed-1',
    usage: { prompt_tokens: 6, total_tokens: 6 },
  })
})

test('tasks: the hub’s shapes', async () => {
  const { encoder, classifier, send, arrived } = await createHandApp()
  const request = { model: 'embed-1', inputs: ['a'], single: true, max_tokens: 0, parameters: {} }
  const vectors = { how: 'finished', output: { kind: 'items', json: ['[1,2]'] } } as const
  const features = { scope: 'tasks:feature-extraction' }
  const one = send('POST /v1/tasks/feature-extraction', request, features)
  ;(await arrived(0, encoder)).end(vectors)
  expect(await (await one).json()).toEqual([1, 2])
  const list = send('POST /v1/tasks/feature-extraction', { ...request, single: false }, features)
  ;(await arrived(1, encoder)).end(vectors)
  expect(await (await list).json()).toEqual([[1, 2]])

  const labels = [[{ label: 'ok', score: 1 }]]
  const classify = { ...request, model: 'classify-1', parameters: { top_k: 1 } }
  const classified = send('POST /v1/tasks/text-classification', classify, {
    scope: 'tasks:text-classification',
  })
  const run = await arrived(0, classifier)
  expect(run.work).toMatchObject({ kind: 'classify', topK: 1 })
  run.end({ how: 'finished', output: { kind: 'items', json: labels.map((item) => JSON.stringify(item)) } })
  expect(await (await classified).json()).toEqual(labels)
})

test('text-generation repeats the prompt unless told not to', async () => {
  const { send, arrived } = await createHandApp()
  const generated: unknown[] = []
  for (const [i, parameters] of [{}, { return_full_text: false }].entries()) {
    const request = { model: 'chat-1', inputs: ['Once'], single: true, max_tokens: 4, parameters }
    const answer = send('POST /v1/tasks/text-generation', request, { scope: 'tasks:text-generation' })
    const run = await arrived(i)
    run.report({ type: 'token', text: ' upon', outputTokens: 1 })
    run.end(DONE)
    generated.push(await (await answer).json())
  }
  expect(generated).toEqual([[{ generated_text: 'Once upon' }], [{ generated_text: ' upon' }]])
})
