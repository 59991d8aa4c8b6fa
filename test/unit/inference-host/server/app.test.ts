import { expect, test } from 'vitest'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

test('livez and readyz need no token; readyz follows the state', async () => {
  const { state, app } = await createHandApp()
  expect((await app.request('/livez')).status).toBe(200)
  expect((await app.request('/readyz')).status).toBe(200)
  state.ready = false
  expect((await app.request('/livez')).status).toBe(200)
  expect(await codeOf(app.request('/readyz'))).toMatchObject({ status: 503, code: 'host_not_ready' })
})

test('nothing else is answered without a token, known path or not', async () => {
  const { app, send } = await createHandApp()
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

test('the log has ids, counts and codes, and nothing of prompts or answers', async () => {
  const { lines, send, arrived } = await createHandApp()
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
