import { describe, expect, it } from 'vitest'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { parseResponses } from '../../../../edge/parse/responses.ts'
import { HostChatRequest } from '../../../../shared/openai/chat.ts'
import { MOST_MESSAGES } from '../../../../shared/openai/messages.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'
import { objectsOf, publishedFields } from '../../../fixtures/openai/published.ts'

const free = entitledTo('free')
const pro = entitledTo('pro')
const model = 'twohop-chat'
const hello = { model, input: 'hello' }
const schema = { type: 'object', properties: { a: { type: 'string' } } }
const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'look', arguments: '{"a":1}' })
const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'found' })
const chatCall = (id: string) => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: '{"a":1}' },
})

describe('a request to responses', () => {
  it.each<[string, object, object]>([
    ['a text', hello, { messages: [{ role: 'user', content: 'hello' }] }],
    [
      'instructions, and how tokens are chosen',
      { ...hello, instructions: 'Be short.', temperature: 0.5, top_p: 0.9, max_output_tokens: 9 },
      {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'hello' },
        ],
        temperature: 0.5,
        top_p: 0.9,
        max_tokens: 9,
      },
    ],
    [
      'items',
      {
        model,
        input: [
          { role: 'developer', content: 'Be short.' },
          {
            type: 'message',
            role: 'user',
            content: [
              { type: 'input_text', text: 'hel' },
              { type: 'input_text', text: 'lo' },
            ],
          },
          { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' },
          {
            type: 'message',
            id: 'msg_1',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: 'I look.', annotations: [], logprobs: [] }],
          },
          { ...call('a'), id: 'fc_1', status: 'completed' },
          call('b'),
          output('a'),
          { ...output('b'), output: [{ type: 'input_text', text: 'found' }] },
        ],
      },
      {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'hello' },
          { role: 'assistant', content: 'I look.', tool_calls: [chatCall('a'), chatCall('b')] },
          { role: 'tool', content: 'found', tool_call_id: 'a' },
          { role: 'tool', content: 'found', tool_call_id: 'b' },
        ],
      },
    ],
    [
      'tools',
      {
        ...hello,
        tools: [
          { type: 'function', name: 'look', description: 'Looks.', parameters: schema, strict: true },
          { type: 'function', name: 'go', parameters: null, strict: null },
        ],
        tool_choice: {
          type: 'allowed_tools',
          mode: 'required',
          tools: [{ type: 'function', name: 'look' }],
        },
        parallel_tool_calls: false,
      },
      {
        messages: [{ role: 'user', content: 'hello' }],
        tools: [
          {
            type: 'function',
            function: { name: 'look', description: 'Looks.', parameters: schema, strict: true },
          },
        ],
        tool_choice: 'required',
        parallel_tool_calls: false,
      },
    ],
    [
      'a format, log probabilities and a stream',
      {
        ...hello,
        text: { format: { type: 'json_schema', name: 'size', schema, strict: true }, verbosity: 'low' },
        include: ['message.output_text.logprobs'],
        top_logprobs: 3,
        stream: true,
      },
      {
        messages: [{ role: 'user', content: 'hello' }],
        response_format: { type: 'json_schema', json_schema: { name: 'size', schema, strict: true } },
        logprobs: true,
        top_logprobs: 3,
        stream: true,
      },
    ],
  ])('is the work of the chat that says the same: %s', (_, asked, chat) => {
    const { form, ...work } = parseResponses(asked, pro)
    const { form: none, ...same } = parseChat({ model, ...chat }, pro)
    expect([typeof form?.whole, none]).toEqual(['function', undefined])
    expect(work).toEqual(same)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request)))).toBeDefined()
  })

  it('takes back every item that the openai package gives of an answer', () => {
    const names = ['ResponseOutputMessage', 'ResponseFunctionToolCall', 'ResponseReasoningItem']
    for (const name of names) {
      const items = objectsOf(publishedFields('responses/responses', name))
      for (const item of items)
        expect(refusal(() => parseResponses({ model, input: [item] }, pro))).toBe('none')
    }
  })

  it.each([
    [{ ...hello, store: true }, 'store'],
    [{ ...hello, background: true }, 'background'],
    [{ ...hello, previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ ...hello, conversation: { id: 'conv_1' } }, 'conversation'],
    [{ ...hello, prompt: { id: 'pmpt_1' } }, 'prompt'],
    [{ model }, 'input'],
    [{ model, input: [] }, 'input'],
    [{ model, input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0].type'],
    [{ model, input: [{ id: 'msg_1' }] }, 'input[0].role'],
    [{ model, input: [{ ...output('a'), call_id: null }] }, 'input[0].call_id'],
    [
      { model, input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
      'input[0].content[0].image_url',
    ],
    [{ ...hello, tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ ...hello, tools: [{ type: 'function', function: { name: 'look' } }] }, 'tools[0].name'],
    [{ ...hello, max_output_tokens: 257 }, 'max_output_tokens'],
    [{ ...hello, messages: [] }, 'messages'],
    [
      {
        ...hello,
        tool_choice: {
          type: 'allowed_tools',
          mode: 'auto',
          tools: [{ type: 'function', name: 'look' }],
        },
      },
      'tool_choice.tools[0].name',
    ],
    [
      {
        ...hello,
        text: { format: { type: 'json_schema', name: 'a', schema: { enum: Array(9000).fill('sixteen') } } },
      },
      'text.format',
    ],
    [{ model, input: Array(MOST_MESSAGES + 1).fill({ role: 'user', content: 'x' }) }, 'input'],
    [{ model: 'gpt-9', input: 'hello' }, 'model'],
  ])('is refused with the path of its bad field: %o', (body, param) => {
    const [code, path] = refusal(() => parseResponses(body, free))
    expect(path).toBe(param)
    expect(code).toBe(param === 'model' ? 'model_not_found' : 'invalid_request')
  })

  it('is one more message of calls where one has as many as the host takes', () => {
    const input = [{ role: 'user', content: 'x' }, ...Array.from({ length: 33 }, (_, i) => call(`c${i}`))]
    const { messages } = HostChatRequest.parse(parseResponses({ model, input }, pro).request)
    expect(messages.map((message) => ('tool_calls' in message ? message.tool_calls.length : 0))).toEqual([
      0, 32, 1,
    ])
  })
})
