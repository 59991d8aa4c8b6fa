import { describe, expect, it } from 'vitest'
import { parseCountTokens, parseMessages } from '../../../../edge/parse/anthropic-messages.ts'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { CountTokensRequest, MessagesRequest } from '../../../../shared/anthropic/messages.ts'
import { HostChatRequest, HostTokensRequest } from '../../../../shared/openai/chat.ts'
import { fates } from '../../../../shared/openai/field.ts'
import { MOST_MESSAGES } from '../../../../shared/openai/messages.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const free = entitledTo('free')
const pro = entitledTo('pro')
const model = 'twohop-chat'
const user = (content: unknown) => ({ role: 'user', content })
const hello = { model, max_tokens: 9, messages: [user('hello')] }
const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more })
const schema = { type: 'object', properties: { a: { type: 'string' } } }
const use = (id: string, input: object = { a: 1 }) => ({ type: 'tool_use', id, name: 'look', input })
const result = (id: string, more: object = {}) => ({ type: 'tool_result', tool_use_id: id, ...more })
const call = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"a":1}' } })
const outcome = (body: unknown) => refusal(() => parseMessages(body, free))

describe('a request to messages', () => {
  it.each<[string, object, object]>([
    ['a text', {}, {}],
    [
      'a system text in blocks, and how tokens are chosen',
      {
        system: [text('Be '), text('short.', { cache_control: { type: 'ephemeral' } })],
        temperature: 0.5,
        top_p: 0.9,
        top_k: 40,
        stop_sequences: ['END'],
        stream: true,
        metadata: { user_id: 'ada' },
        thinking: { type: 'disabled' },
        service_tier: 'auto',
      },
      {
        messages: [{ role: 'system', content: 'Be short.' }, user('hello')],
        temperature: 0.5,
        top_p: 0.9,
        top_k: 40,
        stop: ['END'],
        stream: true,
      },
    ],
    [
      'a round of tools, its turns joined by role',
      {
        messages: [
          user('a'),
          user([text('b'), text('c')]),
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'Hm.', signature: 's' },
              text('I look.', { citations: null }),
              { ...use('x'), caller: { type: 'direct' } },
              use('y'),
            ],
          },
          user([
            result('x', { content: 'found' }),
            result('y', { content: [text('no such'), text(' word')], is_error: true }),
            result('z'),
            text('Go on.'),
          ]),
        ],
      },
      {
        messages: [
          user('a\n\nbc'),
          { role: 'assistant', content: 'I look.', tool_calls: [call('x'), call('y')] },
          { role: 'tool', tool_call_id: 'x', content: 'found' },
          { role: 'tool', tool_call_id: 'y', content: 'Error: no such word' },
          { role: 'tool', tool_call_id: 'z', content: '' },
          user('Go on.'),
        ],
      },
    ],
    [
      'tools, one at a time',
      {
        tools: [
          { name: 'look', description: 'Looks.', input_schema: schema },
          { type: 'custom', name: 'go', input_schema: schema, strict: true },
        ],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
      },
      {
        tools: [
          { type: 'function', function: { name: 'look', description: 'Looks.', parameters: schema } },
          { type: 'function', function: { name: 'go', parameters: schema, strict: true } },
        ],
        tool_choice: 'required',
        parallel_tool_calls: false,
      },
    ],
    [
      'several calls at once, where they are asked for',
      {
        tools: [{ name: 'look', input_schema: schema }],
        tool_choice: { type: 'any', disable_parallel_tool_use: false },
      },
      {
        tools: [{ type: 'function', function: { name: 'look', parameters: schema } }],
        tool_choice: 'required',
        parallel_tool_calls: true,
      },
    ],
    [
      'no number of calls where there are no tools',
      { tool_choice: { type: 'auto', disable_parallel_tool_use: false } },
      { tool_choice: 'auto' },
    ],
    [
      'a tool by its name',
      { tools: [{ name: 'look', input_schema: schema }], tool_choice: { type: 'tool', name: 'look' } },
      {
        tools: [{ type: 'function', function: { name: 'look', parameters: schema } }],
        tool_choice: { type: 'function', function: { name: 'look' } },
      },
    ],
    [
      'a format',
      { output_config: { format: { type: 'json_schema', schema }, effort: 'low' } },
      { response_format: { type: 'json_schema', json_schema: { name: 'output', schema } } },
    ],
    [
      'a format by its older name',
      { output_format: { type: 'json_schema', schema } },
      { response_format: { type: 'json_schema', json_schema: { name: 'output', schema } } },
    ],
  ])('is the work of the chat that says the same: %s', (_, more, chat) => {
    const { form, ...work } = parseMessages({ ...hello, ...more }, pro)
    const { form: none, ...same } = parseChat({ ...hello, ...chat }, pro)
    expect([typeof form?.whole, none]).toEqual(['function', undefined])
    expect(work).toEqual(same)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request)))).toBeDefined()
  })

  it.each([
    [{ model, messages: hello.messages }, 'max_tokens'],
    [{ ...hello, max_tokens: 257 }, 'max_tokens'],
    [{ ...hello, messages: [] }, 'messages'],
    [{ ...hello, messages: [user('x'), { role: 'assistant', content: 'I' }] }, 'messages'],
    [{ ...hello, messages: [user([{ type: 'image', source: {} }])] }, 'messages[0].content[0].source.type'],
    [{ ...hello, messages: [user([{ type: 'document', source: {} }])] }, 'messages[0].content[0].type'],
    [{ ...hello, messages: [user([use('a')])] }, 'messages[0].content[0].type'],
    [
      { ...hello, messages: [user([result('a', { content: [{ type: 'image' }] })])] },
      'messages[0].content[0].content[0].type',
    ],
    [
      {
        ...hello,
        messages: [{ role: 'assistant', content: [use('a', { b: 'x'.repeat(70_000) })] }, user('x')],
      },
      'messages[0].content[0].input',
    ],
    [
      { ...hello, messages: [{ role: 'assistant', content: Array(33).fill(use('a')) }, user('x')] },
      'messages[0].content',
    ],
    [{ ...hello, messages: Array(MOST_MESSAGES + 1).fill(user('x')) }, 'messages'],
    [
      { ...hello, messages: Array(3).fill(user(Array(MOST_MESSAGES / 2 - 100).fill(result('a')))) },
      'messages',
    ],
    [{ ...hello, temperature: 1.5 }, 'temperature'],
    [{ ...hello, top_k: -1 }, 'top_k'],
    [{ ...hello, stop_sequences: Array(5).fill('a') }, 'stop_sequences'],
    [{ ...hello, thinking: { type: 'enabled', budget_tokens: 1024 } }, 'thinking.type'],
    [{ ...hello, container: 'c' }, 'container'],
    [{ ...hello, thread: { type: 'create' } }, 'thread'],
    [{ ...hello, thread: { type: 'continue', previous_message_id: 'msg_1' } }, 'thread'],
    [{ ...hello, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
    [{ ...hello, tools: [{ name: 'look' }] }, 'tools[0].input_schema'],
    [{ ...hello, tools: [{ name: 'look', input_schema: { enum: Array(9000).fill('sixteen') } }] }, 'tools'],
    [
      {
        ...hello,
        output_config: { format: { type: 'json_schema', schema: { enum: Array(9000).fill('sixteen') } } },
      },
      'output_config.format',
    ],
    [{ ...hello, unknown: 1 }, 'unknown'],
  ])('is refused with the path of its bad field: %o', (body, param) => {
    expect(outcome(body)).toEqual(['invalid_request', param])
  })

  it('counts the prompt of the same chat, and takes nothing that only an answer has', () => {
    const { max_tokens: _, ...prompt } = {
      ...hello,
      system: 'Be short.',
      tools: [{ name: 'look', input_schema: schema }],
    }
    const counted = parseCountTokens({ ...prompt, tool_choice: { type: 'none' } }, pro)
    const { request, worst } = parseMessages({ ...hello, ...prompt, tool_choice: { type: 'none' } }, pro)
    const { messages, tools, tool_choice } = HostChatRequest.parse(request)
    expect(HostTokensRequest.parse(counted.request)).toEqual({ model, messages, tools, tool_choice })
    expect(counted.worst.promptTokens).toBe(worst.promptTokens)
    expect(refusal(() => parseCountTokens({ ...prompt, max_tokens: 1 }, pro))).toEqual([
      'invalid_request',
      'max_tokens',
    ])
  })
})

// The fields of MessageCreateParamsBase and MessageCountTokensParams in @anthropic-ai/sdk 1.14, those of before that clients
// still send, and what its tool runner sends of its beta.
const COUNTED =
  'messages model cache_control output_config speed system thinking tool_choice tools user_profile_id workspace_id'
const ASKED = `${COUNTED} max_tokens container diagnostics inference_geo metadata service_tier stop_sequences stream`
const BEFORE = 'temperature top_p top_k output_format'
const BETA = 'thread'

it.each([
  ['messages', MessagesRequest, `${ASKED} ${BEFORE} ${BETA}`],
  ['count_tokens', CountTokensRequest, `${COUNTED} output_format`],
])('%s has every published field, each with a fate', (_, request, fields) => {
  expect(Object.keys(request.shape).toSorted()).toEqual(fields.split(' ').toSorted())
  for (const [field, one] of Object.entries(request.shape)) expect(fates.get(one), field).toBeDefined()
})

it('many turns of the assistant after a long one cost no more than they are', () => {
  const role = 'assistant'
  const long = 'a'.repeat(1_000_000)
  const turns = Array.from({ length: MOST_MESSAGES - 2 }, () => ({ role, content: 'b' }))
  const messages = [{ role, content: long }, ...turns, user('c')]
  const began = process.cpuUsage()
  const { request } = parseMessages({ model, max_tokens: 9, messages }, free)
  // Microseconds of this process alone, whatever else the machine does.
  expect(process.cpuUsage(began).user).toBeLessThan(1_000_000)
  const [first] = HostChatRequest.parse(JSON.parse(JSON.stringify(request))).messages
  expect(first?.content?.length).toBeGreaterThan(long.length + turns.length * 3 - 1)
})
