import { expect, it } from 'vitest'
import { formed } from '../../../../edge/write/formed.ts'
import { messagesForm } from '../../../../edge/write/messages.ts'

const of = { requestId: 'r1', timing: undefined }
const answer = {
  created: 1,
  choices: [{ message: { content: 'Hello' }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
}

it('writes a host’s answer for another API, and nothing that is none', () => {
  const said = JSON.parse(formed(answer, messagesForm('chat'), of) ?? '')
  expect(said).toMatchObject({ type: 'message', model: 'chat', content: [{ type: 'text', text: 'Hello' }] })
  for (const other of [undefined, {}, { ...answer, choices: [] }, { ...answer, usage: null }])
    expect(formed(other, messagesForm('chat'), of)).toBeUndefined()
})
