import { expect, test } from 'vitest'
import { createAuthenticate } from '../../../../inference-host/admission/authenticate.ts'
import { importPublicKeys } from '../../../../inference-host/admission/jwks.ts'
import { createReplayGuard } from '../../../../inference-host/admission/replay.ts'
import type { ServiceClaims } from '../../../../shared/service-token.ts'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'
import { createSigner } from '../../../fixtures/host/signer.ts'

test('a task that takes one input refuses two, and its place in the queue is free again', async () => {
  const { engine, send } = await createHandApp()
  const request = { model: 'chat-1', inputs: ['a', 'b'], single: false, max_tokens: 4, parameters: {} }
  const refused = send('POST /v1/tasks/text-generation', request, { scope: 'tasks:text-generation' })
  expect(await codeOf(refused)).toEqual({ status: 400, code: 'invalid_request', param: 'inputs' })
  expect(engine.runs).toHaveLength(0)
})

test('a task that nobody serves', async () => {
  const { send } = await createHandApp()
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
    { status: 400, code: 'invalid_request', param: 'messages[0].content' },
  ],
  [
    'JSON nested deeper than any request is',
    { ...CHAT, messages: JSON.parse('['.repeat(300) + ']'.repeat(300)) },
    {},
    { status: 400, code: 'invalid_request', param: 'messages[0][0][0][0][0][0][0]' },
  ],
  ['no JSON', '{' as unknown as object, { model: 'chat-1' }, { status: 400, code: 'invalid_request' }],
  [
    'a body beyond the limit',
    { ...CHAT, messages: [{ role: 'user', content: 'x'.repeat(3000) }] },
    {},
    { status: 413, code: 'body_too_large' },
  ],
])('refused without compute: %s', async (_name, body, claims, expected) => {
  const { engine, send } = await createHandApp()
  expect(await codeOf(send('POST /v1/chat/completions', body, claims))).toMatchObject(expected)
  expect(engine.runs).toHaveLength(0)
})

test('a body other than the signed one', async () => {
  const { send } = await createHandApp()
  const other = { ...CHAT, max_tokens: 1 }
  expect(await codeOf(send('POST /v1/chat/completions', CHAT, {}, other))).toMatchObject({
    status: 401,
    code: 'service_token_body_mismatch',
  })
})

test('a replay, while the first runs and after its end', async () => {
  const { engine, send, arrived } = await createHandApp()
  const first = send('POST /v1/chat/completions', CHAT, { jti: 'once' })
  const run = await arrived()
  const again = () => codeOf(send('POST /v1/chat/completions', CHAT, { jti: 'once' }))
  expect(await again()).toMatchObject({ status: 401, code: 'service_token_replayed' })
  run.end(DONE)
  await first
  expect(await again()).toMatchObject({ status: 401, code: 'service_token_replayed' })
  expect(engine.runs).toHaveLength(1)
})

test('one of ten replays that come at once, whatever becomes of their requests', async () => {
  const { engine, send, arrived } = await createHandApp()
  const ten = Array.from({ length: 10 }, () => send('POST /v1/chat/completions', CHAT, { jti: 'once' }))
  const run = await arrived()
  run.end(DONE)
  const statuses = await Promise.all(ten.map(async (answer) => (await answer).status))
  expect(statuses.toSorted()).toEqual([200, ...Array(9).fill(401)])
  expect(engine.runs).toHaveLength(1)
})

test('a replay that overtakes the body of its request, or whose own body comes when the token is forgotten', async () => {
  const clock = { ms: Date.now() }
  const now = () => clock.ms
  const signer = await createSigner()
  const guard = createReplayGuard(10, now)
  let looked = () => {}
  const { app, engine, arrived } = await createHandApp({
    authenticate: createAuthenticate(await importPublicKeys(signer.jwks), now),
    replays: {
      use(...used) {
        looked()
        guard.use(...used)
      },
    },
  })
  /** Resolves when the next token is looked at: from there on only the body is missing. */
  const nextLook = () =>
    new Promise<void>((resolve) => {
      looked = resolve
    })
  const text = JSON.stringify(CHAT)
  const token = await signer.sign('POST /v1/chat/completions', text, {
    reserved: { prompt_tokens: 32, output_tokens: 8 },
    deadline: clock.ms + 600_000,
  })
  /** Sends the request, its body only when `finish` is called. */
  function slowly() {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const answer = app.request('/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: readable,
      duplex: 'half',
    } as RequestInit)
    const finish = async () => {
      const writer = writable.getWriter()
      await writer.write(new TextEncoder().encode(text))
      await writer.close()
    }
    return { answer: Promise.resolve(answer), finish }
  }
  const firstLook = nextLook()
  const first = slowly()
  await firstLook
  const second = slowly()
  void second.finish().catch(() => {})
  expect(await codeOf(second.answer)).toMatchObject({ status: 401, code: 'service_token_replayed' })
  const lateLook = nextLook()
  const late = slowly()
  await lateLook
  clock.ms += 66_000
  const other = await signer.sign('POST /v1/chat/completions', text, {
    ...{
      iat: Math.floor(clock.ms / 1000),
      exp: Math.floor(clock.ms / 1000) + 60,
      deadline: clock.ms + 60_000,
    },
  })
  const fresh = app.request('/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${other}` },
    body: text,
  })
  ;(await arrived()).end(DONE)
  expect((await fresh).status).toBe(200)
  void late.finish().catch(() => {})
  expect(await codeOf(late.answer)).toMatchObject({ status: 401, code: 'service_token_replayed' })
  await first.finish()
  ;(await arrived(1)).end(DONE)
  expect((await first.answer).status).toBe(200)
  expect(engine.runs).toHaveLength(2)
})

test('a full queue answers host_busy with Retry-After, and that token is used up', async () => {
  const { queues, send, arrived } = await createHandApp()
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
  const again = send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  expect(await codeOf(again)).toMatchObject({ status: 401, code: 'service_token_replayed' })
  const retried = send('POST /v1/chat/completions', CHAT, { jti: 'a fresh token' })
  ;(await arrived(1)).end(DONE)
  ;(await arrived(2)).end(DONE)
  expect((await retried).status).toBe(200)
  await waiting
})

test('a host that is not ready answers host_not_ready, and a fresh token is let in later', async () => {
  const { state, send, arrived } = await createHandApp()
  state.ready = false
  const refused = send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  expect(await codeOf(refused)).toMatchObject({ status: 503, code: 'host_not_ready' })
  state.ready = true
  const again = send('POST /v1/chat/completions', CHAT, { jti: 'later' })
  expect(await codeOf(again)).toMatchObject({ status: 401, code: 'service_token_replayed' })
  const retried = send('POST /v1/chat/completions', CHAT, { jti: 'a fresh token' })
  ;(await arrived()).end(DONE)
  expect((await retried).status).toBe(200)
})
