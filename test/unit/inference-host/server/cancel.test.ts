import { expect, test } from 'vitest'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

test('cancel: stops the run, answers what was used; the cancelled request says so too', async () => {
  const { send, arrived } = await createHandApp()
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
  expect(await codeOf(response)).toMatchObject({ status: 499, code: 'cancelled' })
  const replayed = send(route, undefined, { jti: 'request-1.cancel', model: 'chat-1' })
  expect(await codeOf(replayed)).toMatchObject({ code: 'service_token_replayed' })
})

test('cancel: an ended request gives its usage; a stranger’s and an unknown one are not found', async () => {
  const { send, arrived } = await createHandApp()
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
  const { send, arrived } = await createHandApp()
  const answer = send('POST /v1/chat/completions', { ...CHAT, stream: true })
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 5 })
  await (await answer).body?.cancel()
  expect(run.stopped).toBe(true)
})
