import { expect, test } from 'vitest'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

const loadOf = ({ headers }: Response) => headers.get('x-host-load')

test('each answer says how many requests of its model run or wait, and how many may run', async () => {
  const { queues, send, arrived } = await createHandApp()
  const first = send('POST /v1/chat/completions', CHAT, { jti: 'r1' })
  const run = await arrived()
  const second = send('POST /v1/chat/completions', CHAT, { jti: 'r2' })
  // A place for one that runs, and one for one that waits: the third is refused.
  await expect.poll(() => queues.get('chat-1')?.load().waiting).toBe(1)
  const third = await send('POST /v1/chat/completions', CHAT, { jti: 'r3' })
  expect(await codeOf(third)).toMatchObject({ status: 503, code: 'host_busy' })
  expect(loadOf(third)).toBe('2/1')
  run.end(DONE, { promptTokens: 5, outputTokens: 1 })
  expect(loadOf(await first)).toBe('1/1')
  ;(await arrived(1)).end(DONE, { promptTokens: 5, outputTokens: 1 })
  expect(loadOf(await second)).toBe('0/1')
})

test('a host that starts or stops says so, to whoever asks whether it is ready too', async () => {
  const { app, state, send } = await createHandApp()
  expect(loadOf(await app.request('/readyz'))).toBeNull()
  state.ready = false
  expect(loadOf(await app.request('/readyz'))).toBe('0/1; draining')
  const refused = await send('POST /v1/chat/completions', CHAT)
  expect(loadOf(refused)).toBe('0/1; draining')
  expect(await codeOf(refused)).toMatchObject({ code: 'host_not_ready' })
})

test('who has no token learns nothing of the load', async () => {
  const { app } = await createHandApp()
  const answer = await app.request('/v1/chat/completions', { method: 'POST' })
  expect([answer.status, loadOf(answer)]).toEqual([401, null])
})
