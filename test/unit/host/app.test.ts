import { beforeEach, expect, test } from 'vitest'
import { createAdmit } from '../../../inference-host/admission/admit.ts'
import { createAuthenticate } from '../../../inference-host/admission/authenticate.ts'
import { importPublicKeys } from '../../../inference-host/admission/keys.ts'
import { createReplayGuard } from '../../../inference-host/admission/replay.ts'
import { createQueue, type Queue } from '../../../inference-host/scheduler/queue.ts'
import { createRequests } from '../../../inference-host/scheduler/requests.ts'
import { createApp } from '../../../inference-host/server/app.ts'
import { compileStructure } from '../../../inference-host/structure/compile.ts'
import { packProgram } from '../../../inference-host/structure/packed.ts'
import type { ServiceClaims } from '../../../shared/service-token.ts'
import { createSigner, type Signer } from '../../host/signer.ts'
import { createHandEngine, type HandEngine, runOf } from './hand-engine.ts'

const CHAT = {
  model: 'chat-1',
  messages: [{ role: 'user', content: 'a prompt that must stay secret' }],
  max_tokens: 8,
  stream: false,
  stop: [],
}
const COUNTED = { include_usage: true, continuous_usage_stats: true }
const DONE = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const
const RESERVED = { prompt_tokens: 32, output_tokens: 8 }

let engine: HandEngine
let encoder: HandEngine
let classifier: HandEngine
let signer: Signer
let app: ReturnType<typeof createApp>
let queues: Map<string, Queue>
let ready: boolean
let lines: string[]

beforeEach(async () => {
  engine = createHandEngine({ id: 'chat-1' })
  encoder = createHandEngine({ id: 'embed-1', task: 'feature-extraction' })
  classifier = createHandEngine({ id: 'classify-1', task: 'text-classification' })
  signer = await createSigner()
  ready = true
  lines = []
  queues = new Map<string, Queue>(
    [engine, encoder, classifier].map((one) => [one.info.id, createQueue({ engine: one, limit: 1 })]),
  )
  const requests = createRequests({ keepMs: 60_000, most: 10 })
  const replays = createReplayGuard(10)
  app = createApp({
    authenticate: createAuthenticate(await importPublicKeys(signer.jwks)),
    compile: async (structure) => ({
      id: JSON.stringify(structure),
      program: packProgram(compileStructure(structure)),
    }),
    admit: createAdmit({ queues, requests, replays, ready: () => ready }),
    requests,
    replays,
    ready: () => ready,
    bodyBytes: 2048,
    metrics: { text: async () => '', contentType: 'text/plain' },
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
  })
})

async function send(route: string, body?: unknown, claims: Partial<ServiceClaims> = {}, sent = body) {
  const [method = '', path = ''] = route.split(' ')
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value ?? '') || '')
  const signed = body === undefined ? '' : text(body)
  const token = await signer.sign(route, signed, { reserved: RESERVED, ...claims })
  return app.request(path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(sent !== undefined && { body: text(sent) }),
  })
}

/** Waits until the `index`th job is with the engine: admission awaits the token's check. */
async function arrived(index = 0, at = engine) {
  while (at.runs.length <= index) await new Promise(setImmediate)
  return runOf(at, index)
}

async function codeOf(response: Response | Promise<Response>) {
  const answer = await response
  const body = (await answer.json()) as { error: { code: string; param: string | null } }
  return { status: answer.status, code: body.error.code, param: body.error.param }
}

async function eventsOf(response: Response): Promise<string[]> {
  return (await response.text())
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''))
}

test('livez and readyz need no token; readyz follows the state', async () => {
  expect((await app.request('/livez')).status).toBe(200)
  expect((await app.request('/readyz')).status).toBe(200)
  ready = false
  expect((await app.request('/livez')).status).toBe(200)
  expect(await codeOf(app.request('/readyz'))).toMatchObject({ status: 503, code: 'host_not_ready' })
})

test('nothing else is answered without a token, known path or not', async () => {
  for (const path of ['/v1/chat/completions', '/v1/requests/a', '/'])
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(await codeOf(app.request(path, { method }))).toMatchObject({
        status: 401,
        code: 'service_token_missing',
      })
  expect(await codeOf(app.request('/metrics'))).toMatchObject({ status: 401, code: 'service_token_missing' })
  expect(await codeOf(send('GET /metrics'))).toMatchObject({ status: 401, code: 'service_token_invalid' })
  expect(await codeOf(send('GET /nothing'))).toMatchObject({ status: 404, code: 'not_found' })
})

test('a whole chat answer, with its usage in the body and its cost in the headers', async () => {
  const answer = send('POST /v1/chat/completions', CHAT, { jti: 'request-1' })
  const run = await arrived()
  expect(run.job).toMatchObject({ kind: 'chat', limits: { promptTokens: 32, outputTokens: 8 } })
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
  })
})

test('a streamed chat answer: role first, usage on every chunk, a last chunk with timing, then [DONE]', async () => {
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
    const answer = send('POST /v1/chat/completions', { ...CHAT, stream })
    const run = await arrived()
    run.end({ how: 'refused', code: 'prompt_exceeds_reservation', message: 'too long', param: undefined })
    const response = await answer
    expect(JSON.parse(response.headers.get('x-usage') ?? '')).toMatchObject({ total_tokens: 0 })
    expect(await codeOf(response)).toMatchObject({ status: 400, code: 'prompt_exceeds_reservation' })
  },
)

test('embeddings: vectors as the worker wrote them, usage of prompts only', async () => {
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
  expect(run.job).toMatchObject({ kind: 'classify', topK: 1 })
  run.end({ how: 'finished', output: { kind: 'items', json: labels.map((item) => JSON.stringify(item)) } })
  expect(await (await classified).json()).toEqual(labels)
})

test('text-generation repeats the prompt unless told not to', async () => {
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

test('a task that takes one input refuses two, and its place in the queue is free again', async () => {
  const request = { model: 'chat-1', inputs: ['a', 'b'], single: false, max_tokens: 4, parameters: {} }
  const refused = send('POST /v1/tasks/text-generation', request, { scope: 'tasks:text-generation' })
  expect(await codeOf(refused)).toEqual({ status: 400, code: 'invalid_request', param: 'inputs' })
  expect(engine.runs).toHaveLength(0)
})

test('a task that nobody serves', async () => {
  const body = { model: 'chat-1', inputs: ['a'], single: true, max_tokens: 0, parameters: {} }
  expect(await codeOf(send('POST /v1/tasks/text-to-video', body))).toMatchObject({
    status: 404,
    code: 'task_not_found',
  })
})

test.each<[string, object, Partial<ServiceClaims>, { status: number; code: string; param?: string }]>([
  ['another model', CHAT, { model: 'chat-2' }, { status: 401, code: 'service_token_invalid' }],
  ['another scope', CHAT, { scope: 'embed' }, { status: 401, code: 'service_token_invalid' }],
  [
    'more output than reserved',
    { ...CHAT, max_tokens: 9 },
    {},
    { status: 401, code: 'service_token_invalid' },
  ],
  ['a model that is not here', { ...CHAT, model: 'x' }, {}, { status: 404, code: 'model_not_found' }],
  ['a model of another kind', { ...CHAT, model: 'embed-1' }, {}, { status: 400, code: 'invalid_request' }],
  ['a past deadline', CHAT, { deadline: 1 }, { status: 504, code: 'host_timeout' }],
  [
    'a wrong field',
    { ...CHAT, messages: [{ role: 'user', content: 1 }] },
    {},
    { status: 400, code: 'invalid_request', param: 'messages[0]' },
  ],
  ['no JSON', '{' as unknown as object, { model: 'chat-1' }, { status: 400, code: 'invalid_request' }],
  [
    'a body beyond the limit',
    { ...CHAT, messages: [{ role: 'user', content: 'x'.repeat(3000) }] },
    {},
    { status: 413, code: 'body_too_large' },
  ],
])('refused without compute: %s', async (_name, body, claims, expected) => {
  expect(await codeOf(send('POST /v1/chat/completions', body, claims))).toMatchObject(expected)
  expect(engine.runs).toHaveLength(0)
})

test('a body other than the signed one', async () => {
  const other = { ...CHAT, max_tokens: 1 }
  expect(await codeOf(send('POST /v1/chat/completions', CHAT, {}, other))).toMatchObject({
    status: 401,
    code: 'service_token_body_mismatch',
  })
})

test('a replay, while the first runs and after its end', async () => {
  const first = send('POST /v1/chat/completions', CHAT, { jti: 'once' })
  const run = await arrived()
  const again = () => codeOf(send('POST /v1/chat/completions', CHAT, { jti: 'once' }))
  expect(await again()).toMatchObject({ status: 401, code: 'service_token_replayed' })
  run.end(DONE)
  await first
  expect(await again()).toMatchObject({ status: 401, code: 'service_token_replayed' })
  expect(engine.runs).toHaveLength(1)
})

test('a full queue answers host_busy with Retry-After, and that token may be sent again', async () => {
  // One after the other: tokens are checked on other threads, so two sent together may overtake each other.
  const running = send('POST /v1/chat/completions', CHAT)
  const run = await arrived()
  const waiting = send('POST /v1/chat/completions', CHAT)
  while (queues.get(CHAT.model)?.load().waiting !== 1) await new Promise(setImmediate)
  const refused = await send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await codeOf(refused)).toMatchObject({ status: 503, code: 'host_busy' })
  run.end(DONE)
  await running
  const retried = send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  ;(await arrived(1)).end(DONE)
  ;(await arrived(2)).end(DONE)
  expect((await retried).status).toBe(200)
  await waiting
})

test('a host that is not ready answers host_not_ready, and that token may be sent again', async () => {
  ready = false
  const refused = send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  expect(await codeOf(refused)).toMatchObject({ status: 503, code: 'host_not_ready' })
  ready = true
  const retried = send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  ;(await arrived()).end(DONE)
  expect((await retried).status).toBe(200)
})

test('cancel: stops the run, answers what was used; the cancelled request says so too', async () => {
  const answer = send('POST /v1/chat/completions', CHAT, { jti: 'request-1' })
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 5 })
  const route = 'DELETE /v1/requests/request-1'
  const cancelled = send(route, undefined, { jti: 'request-1.cancel', model: 'chat-1' })
  while (!run.stopped) await new Promise(setImmediate)
  run.end({ how: 'stopped' }, { promptTokens: 5, outputTokens: 1, computeMs: 6 })
  const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 }
  expect(await (await cancelled).json()).toEqual({
    usage,
    timing: { queue_ms: expect.any(Number), compute_ms: 6 },
  })
  const response = await answer
  expect(JSON.parse(response.headers.get('x-usage') ?? '')).toEqual(usage)
  expect(await codeOf(response)).toMatchObject({ status: 502, code: 'host_failed' })
  const replayed = send(route, undefined, { jti: 'request-1.cancel', model: 'chat-1' })
  expect(await codeOf(replayed)).toMatchObject({ code: 'service_token_replayed' })
})

test('cancel: an ended request gives its usage; a stranger’s and an unknown one are not found', async () => {
  const answer = send('POST /v1/chat/completions', CHAT, { jti: 'request-1' })
  ;(await arrived()).end(DONE, { promptTokens: 5, outputTokens: 3 })
  await answer
  const route = 'DELETE /v1/requests/request-1'
  const ended = await send(route, undefined, { jti: 'a', model: 'chat-1' })
  expect(await ended.json()).toMatchObject({ usage: { total_tokens: 8 } })
  const stranger = send(route, undefined, { jti: 'b', model: 'chat-1', sub: 'account-2' })
  expect(await codeOf(stranger)).toMatchObject({ status: 404, code: 'not_found' })
  const unknown = send('DELETE /v1/requests/request-2', undefined, { jti: 'c', model: 'chat-1' })
  expect(await codeOf(unknown)).toMatchObject({ status: 404, code: 'not_found' })
})

test('the caller going away mid-stream stops the run', async () => {
  const answer = send('POST /v1/chat/completions', { ...CHAT, stream: true })
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 5 })
  await (await answer).body?.cancel()
  expect(run.stopped).toBe(true)
})

test('the log has ids, counts and codes, and nothing of prompts or answers', async () => {
  const answer = send('POST /v1/chat/completions', CHAT, { jti: 'request-1' })
  const run = await arrived()
  run.report({ type: 'token', text: 'a secret answer', outputTokens: 1 })
  run.end(DONE, { promptTokens: 5, outputTokens: 1 })
  await answer
  await codeOf(send('POST /v1/chat/completions', CHAT, { jti: 'request-1' }))
  expect(lines).toEqual([
    expect.stringMatching(/^run .*"id":"request-1".*"code":"finished".*"prompt_tokens":5/),
    expect.stringMatching(/^refused .*service_token_replayed/),
  ])
  expect(lines.join()).not.toContain('secret')
})
