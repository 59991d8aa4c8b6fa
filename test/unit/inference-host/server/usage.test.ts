import { expect, test } from 'vitest'
import { MOST_ASKED } from '../../../../shared/usage.ts'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

const ROUTE = 'POST /v1/requests/usage'
const asking = (...requests: { id: string; account: string }[]) => ({ requests })

/** Two requests of two accounts that have ended. */
async function twoEnded() {
  const app = await createHandApp()
  for (const n of [1, 2]) {
    const answer = app.send('POST /v1/chat/completions', CHAT, { jti: `request-${n}`, sub: `account-${n}` })
    const run = await app.arrived(n - 1)
    run.end(DONE, { promptTokens: 5, outputTokens: n, computeMs: 10 * n })
    await answer
  }
  return app
}

test('usage: one question of several accounts gets each count of its own', async () => {
  const { send } = await twoEnded()
  const question = asking(
    { id: 'request-2', account: 'account-2' },
    { id: 'request-1', account: 'account-1' },
  )
  const answer = await send(ROUTE, question, { jti: 'q', sub: 'account-2' })
  expect(await answer.json()).toEqual({
    requests: [
      {
        id: 'request-2',
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
        timing: { queue_ms: expect.any(Number), compute_ms: 20 },
      },
      {
        id: 'request-1',
        usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
        timing: { queue_ms: expect.any(Number), compute_ms: 10 },
      },
    ],
  })
})

test('usage: an unknown request and one of another account are left out, whoever asks', async () => {
  const { send } = await twoEnded()
  const question = asking(
    { id: 'request-3', account: 'account-1' },
    { id: 'request-2', account: 'account-1' },
    { id: 'request-1', account: 'account-1' },
  )
  const answer = await send(ROUTE, question, { jti: 'q', sub: 'account-2' })
  expect(await answer.json()).toMatchObject({ requests: [{ id: 'request-1' }] })
})

test('usage: one that still runs is stopped, and counted as far as it came', async () => {
  const { send, arrived } = await createHandApp()
  const answer = send('POST /v1/chat/completions', CHAT, { jti: 'request-1', sub: 'account-1' })
  const run = await arrived()
  const asked = send(ROUTE, asking({ id: 'request-1', account: 'account-1' }), { jti: 'q' })
  while (!run.stopped) await new Promise(setImmediate)
  run.end({ how: 'stopped' }, { promptTokens: 5, outputTokens: 1 })
  expect(await (await asked).json()).toMatchObject({ requests: [{ usage: { completion_tokens: 1 } }] })
  expect((await answer).status).toBe(499)
})

test('usage: the token is for that very question, once', async () => {
  const { send } = await twoEnded()
  const own = asking({ id: 'request-1', account: 'account-1' })
  const other = asking({ id: 'request-2', account: 'account-2' })
  expect(await codeOf(send(ROUTE, own, { jti: 'q' }, other))).toMatchObject({
    code: 'service_token_body_mismatch',
  })
  expect(await codeOf(send(ROUTE, own, { jti: 'q' }))).toMatchObject({ code: 'service_token_replayed' })
})

const one = { id: 'request-1', account: 'account-1' }
test.each([
  ['names none', { requests: [] }, 'requests'],
  ['names too many', { requests: Array(MOST_ASKED + 1).fill({ id: 'a', account: 'b' }) }, 'requests'],
  ['names no account', { requests: [{ id: 'request-1' }] }, 'requests[0].account'],
  ['says more', { requests: [one], stop: false }, 'stop'],
])('usage: a question that %s is refused', async (_, question, param) => {
  const { send } = await createHandApp({ body: { most: 10_000, timeoutMs: 10_000 } })
  expect(await codeOf(send(ROUTE, question, { jti: 'q' }))).toEqual({
    status: 400,
    code: 'invalid_request',
    param,
  })
})
