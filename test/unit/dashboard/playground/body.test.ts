import { expect, it } from 'vitest'
import { bodyOf, type Settings } from '../../../../dashboard/playground/body.ts'
import { ChatRequest } from '../../../../shared/openai/chat.ts'

const EMPTY: Settings = {
  ...{ model: 'm', system: '', prompt: 'Hi', max_tokens: '', temperature: '' },
  ...{ top_p: '', seed: '', schema: '', tools: '' },
}

it('sends nothing of what is left empty', () => {
  expect(bodyOf(EMPTY)).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
    stream_options: { include_usage: true },
  })
})

it('all that the form has is a request that the edge takes', () => {
  const body = bodyOf({
    ...EMPTY,
    ...{ system: 'Be short.', max_tokens: '12', temperature: '0', top_p: '0.5', seed: '7' },
    schema:
      '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}',
    tools: '[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]',
  })
  expect(body).toMatchObject({ max_tokens: 12, temperature: 0, top_p: 0.5, seed: 7 })
  expect(ChatRequest.safeParse(body).error).toBeUndefined()
})

it('says in plain words what is no number and no JSON', () => {
  expect(() => bodyOf({ ...EMPTY, seed: 'x' })).toThrow('seed is no number.')
  expect(() => bodyOf({ ...EMPTY, schema: '{' })).toThrow('The schema is not valid JSON.')
  expect(() => bodyOf({ ...EMPTY, tools: '[' })).toThrow('The list of tools is not valid JSON.')
})
