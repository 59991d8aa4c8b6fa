import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { HostChatRequest } from '../../../../shared/openai/chat.ts'
import type { Tool, ToolCall } from '../../../../shared/openai/structure.ts'
import { TOOL_RESPONSE_BYTES, toolCallBytes, toolPromptBytes } from '../../../../shared/openai/tool-text.ts'
import { anyText } from '../../../fixtures/any-text.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const free = entitledTo('free')
const pro = entitledTo('pro')
const hello = { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }] }
const { overhead, context } = modelOf('twohop-chat')
const TEXT = { type: 'text', text: 'x' }
const toolOf = (parameters: object) => ({ type: 'function', function: { name: 'look', parameters } })
const formatOf = (schema: object) => ({ type: 'json_schema', json_schema: { name: 'a', schema } })
const nested = (levels: number, value: unknown): object =>
  levels === 0 ? { value } : { a: nested(levels - 1, value) }

describe('a chat request', () => {
  it('becomes work with the plan default for max_tokens and a worst case of bytes plus overhead', () => {
    const work = parseChat(hello, free)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request))).max_tokens).toBe(128)
    const promptTokens = 5 + overhead.request + overhead.item
    expect(work.worst).toEqual({ promptTokens, outputTokens: 128, units: promptTokens + 4 * 128 })
  })

  it('counts UTF-8 bytes, not characters', () => {
    const work = parseChat({ ...hello, messages: [{ role: 'user', content: '€🙂' }] }, free)
    expect(work.worst.promptTokens).toBe(7 + overhead.request + overhead.item)
  })

  it('takes a long chat, each message with its overhead, and the host takes what it is sent', () => {
    const messages = Array.from({ length: 2048 }, (_, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: '',
    }))
    const models = catalog.models.map((model) => ({ ...model, context: 1_000_000 }))
    const work = parseChat({ ...hello, messages }, entitledTo('free', { ...catalog, models }))
    expect(work.worst.promptTokens).toBe(overhead.request + 2048 * overhead.item)
    expect(HostChatRequest.parse(work.request).messages).toHaveLength(2048)
  })

  it('never reserves more prompt than the context, which the host enforces', () => {
    const work = parseChat({ ...hello, messages: [{ role: 'user', content: 'x'.repeat(5000) }] }, free)
    expect(work.worst.promptTokens).toBe(context)
  })

  it.each([
    [{ ...hello, messages: [] }, 'messages'],
    [{ ...hello, messages: Array(2049).fill(hello.messages[0]) }, 'messages'],
    [{ ...hello, messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [
      { ...hello, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }] },
      'messages[0].content[0].image_url',
    ],
    [{ ...hello, temperature: 3 }, 'temperature'],
    [{ ...hello, temperature: Number.NaN }, 'temperature'],
    [{ ...hello, max_tokens: 0 }, 'max_tokens'],
    [{ ...hello, max_tokens: 1.5 }, 'max_tokens'],
    [{ ...hello, max_tokens: 257 }, 'max_tokens'],
    [{ ...hello, max_completion_tokens: 257 }, 'max_completion_tokens'],
    [{ ...hello, n: 9 }, 'n'],
    [{ ...hello, n: 2, max_tokens: 256 }, 'n'],
    [{ ...hello, n: 2, max_tokens: 257 }, 'max_tokens'],
    [{ ...hello, top_logprobs: 21 }, 'top_logprobs'],
    [{ ...hello, messages: [{ role: 'assistant' }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ ...hello, tool_choice: 'maybe' }, 'tool_choice'],
    [{ ...hello, messages: [{ role: 'user', content: Array(1001).fill(TEXT) }] }, 'messages[0].content'],
    [{ ...hello, tools: [toolOf({ enum: Array(9000).fill('sixteen') })] }, 'tools'],
    [{ ...hello, tools: [toolOf({ enum: Array(9000).fill('sixteen') })], tool_choice: 'none' }, 'tools'],
    [{ ...hello, tools: [toolOf(nested(60, Array(3000).fill(1)))] }, 'tools'],
    [{ ...hello, response_format: formatOf({ enum: Array(9000).fill('sixteen') }) }, 'response_format'],
    [
      {
        ...hello,
        tools: [toolOf({ enum: Array(4000).fill('sixteen') })],
        response_format: formatOf({ enum: Array(4000).fill('sixteen') }),
      },
      'response_format',
    ],
    [{ ...hello, structured_outputs: { json: { enum: Array(9000).fill('sixteen') } } }, 'structured_outputs'],
    [{ ...hello, top_k: 1.5 }, 'top_k'],
    [{ ...hello, min_p: 2 }, 'min_p'],
    [{ ...hello, frequency_penalty: 3 }, 'frequency_penalty'],
    [{ ...hello, presence_penalty: -3 }, 'presence_penalty'],
    [{ ...hello, repetition_penalty: 0 }, 'repetition_penalty'],
    [{ ...hello, logit_bias: { 5: 101 } }, 'logit_bias.5'],
    [{ ...hello, logit_bias: { x: 1 } }, 'logit_bias.x'],
    [{ ...hello, stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ ...hello, response_format: { type: 'xml' } }, 'response_format.type'],
    [{ ...hello, stream_options: { include_usage: 'yes' } }, 'stream_options.include_usage'],
    [{ messages: hello.messages }, 'model'],
  ])('is refused with the path of its bad field: %o', (body, param) => {
    expect(refusal(() => parseChat(body, free))).toEqual(['invalid_request', param])
  })

  it('hands on what the answer has to be, its tools and messages of tools, and reserves their bytes', () => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }
    const messages = [
      { role: 'developer', content: 'a' },
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', content: 'b', tool_call_id: 'c' },
    ]
    const said = {
      tools,
      tool_choice: 'required',
      response_format: { type: 'text' },
      parallel_tool_calls: false,
    }
    const work = parseChat({ ...hello, messages, ...said, n: 2, logprobs: true, top_logprobs: 4 }, pro)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request)))).toMatchObject({
      ...said,
      n: 2,
      logprobs: 4,
      messages: [
        { role: 'system', content: 'a' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', content: 'b', tool_call_id: 'c' },
      ],
    })
    const plain = parseChat({ ...hello, messages: [{ role: 'user', content: 'ab' }] }, pro).worst
    const extra = toolPromptBytes(tools as Tool[]) + toolCallBytes([call] as ToolCall[]) + TOOL_RESPONSE_BYTES
    // The context of the model bounds it: what is more than that, the host refuses.
    expect(work.worst.promptTokens).toBe(Math.min(context, plain.promptTokens + 2 * overhead.item + extra))
    expect(work.worst.outputTokens).toBe(2 * plain.outputTokens)
  })

  it('hands on stop strings beside a format and tools', () => {
    const said = { stop: ['a'], response_format: { type: 'json_object' } }
    const tools = [{ type: 'function', function: { name: 'look' } }]
    expect(parseChat({ ...hello, ...said, tools }, pro).request).toMatchObject({ ...said, tools })
  })

  it('wants no log probabilities where only their number is given', () => {
    expect(parseChat({ ...hello, top_logprobs: 4 }, free).request).not.toHaveProperty('logprobs')
    expect(parseChat({ ...hello, logprobs: true }, free).request).toMatchObject({ logprobs: 0 })
  })

  it('hands on how tokens are to be chosen, and only what the client said of it', () => {
    const said = {
      top_k: 40,
      min_p: 0.1,
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      repetition_penalty: 1.2,
      logit_bias: { 5: -100 },
      seed: 7,
    }
    const sent = HostChatRequest.parse(
      JSON.parse(JSON.stringify(parseChat({ ...hello, ...said }, free).request)),
    )
    expect(sent).toMatchObject(said)
    expect(Object.keys(sent)).not.toContain('temperature')
  })

  it.each([null, 'text', [], 7])('is refused when it is no object: %o', (body) => {
    expect(refusal(() => parseChat(body, free))).toEqual(['invalid_request', undefined])
  })

  it('asks the host to count as it streams, whatever the client asked', () => {
    const work = parseChat({ ...hello, stream: true }, free)
    expect(work.includeUsage).toBe(false)
    expect(HostChatRequest.parse(JSON.parse(JSON.stringify(work.request))).stream_options).toEqual({
      include_usage: true,
    })
  })

  it('sends no half of a surrogate pair on', () => {
    const work = parseChat({ ...hello, messages: [{ role: 'user', content: 'a\ud800' }] }, free)
    expect((work.request as HostChatRequest).messages[0]?.content).toBe('a\ufffd')
  })

  it('is bounded by its bytes for any text', async () => {
    await fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: 5 }), (contents) => {
        const messages = contents.map((content) => ({ role: 'user', content }))
        const bytes = Buffer.byteLength(contents.join(''))
        const { worst } = parseChat({ ...hello, messages }, free)
        expect(worst.promptTokens).toBe(
          Math.min(context, bytes + overhead.request + overhead.item * messages.length),
        )
      }),
    )
  })
})
