import { expect, test } from 'vitest'
import { CHAT, codeOf, createHandApp } from '../../../fixtures/hand-app.ts'

const ROUTE = 'POST /v1/chat/tokens'
const ASKED = { model: CHAT.model, messages: CHAT.messages }
const counted = (tokens: number) => ({
  how: 'finished' as const,
  output: { kind: 'items' as const, json: [String(tokens)] },
})

test('the tokens of a prompt are what the engine counts, and room is asked for none', async () => {
  const { send, arrived } = await createHandApp()
  const answer = send(ROUTE, ASKED)
  const run = await arrived()
  expect(run.work).toMatchObject({ kind: 'count', messages: ASKED.messages, limits: { outputTokens: 0 } })
  run.end(counted(17), { promptTokens: 0, outputTokens: 0, computeMs: 0 })
  expect(await (await answer).json()).toEqual({ tokens: 17 })
})

test.each([
  ['no messages', { model: CHAT.model, messages: [] }, 'messages'],
  ['a field of a chat', { ...ASKED, max_tokens: 3 }, 'max_tokens'],
])('%s is refused by its field', async (_, asked, param) => {
  const { send } = await createHandApp()
  expect(await codeOf(send(ROUTE, asked))).toEqual({ status: 400, code: 'invalid_request', param })
})
