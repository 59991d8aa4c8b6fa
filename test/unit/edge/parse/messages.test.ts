import { describe, expect, it } from 'vitest'
import { hostMessages, toolBytes } from '../../../../edge/parse/messages.ts'
import { Message } from '../../../../shared/openai/messages.ts'
import { TOOL_RESPONSE_BYTES, toolCallBytes } from '../../../../shared/openai/tool-text.ts'

const calls = [{ id: 'c1', type: 'function' as const, function: { name: 'look_up', arguments: '{}' } }]
const sent = (...messages: object[]) => hostMessages(messages.map((message) => Message.parse(message)))

describe('a message to the host', () => {
  it('has no half of a surrogate pair, whoever says it', () => {
    const content = 'a\ud800b'
    for (const role of ['user', 'system', 'assistant'] as const)
      expect(sent({ role, content })).toEqual([{ role, content: 'a\ufffdb' }])
    const answer = { role: 'tool', content: 'a\ufffdb', tool_call_id: 'c1' }
    expect(sent({ role: 'tool', content, tool_call_id: 'c1' })).toEqual([answer])
    expect(sent({ role: 'assistant', refusal: content })).toEqual([
      { role: 'assistant', content: 'a\ufffdb' },
    ])
  })

  it("of a developer is the system's", () => {
    expect(sent({ role: 'developer', content: 'Be short.' })).toEqual([
      { role: 'system', content: 'Be short.' },
    ])
  })

  it('of calls alone has no content, and counts the text of the calls', () => {
    const [message, ...more] = sent({ role: 'assistant', content: null, tool_calls: calls })
    expect(more).toEqual([])
    expect(message).toEqual({ role: 'assistant', content: null, tool_calls: calls })
    if (message === undefined) return
    expect(toolBytes(message)).toBe(toolCallBytes(calls))
    expect(toolBytes(message)).toBeGreaterThan('look_up{}'.length)
  })

  it('of no calls is text', () => {
    for (const tool_calls of [[], null, undefined])
      expect(sent({ role: 'assistant', content: 'yes', tool_calls })).toEqual([
        { role: 'assistant', content: 'yes' },
      ])
  })

  it("of a tool counts the marks of its answer, another's nothing", () => {
    expect(toolBytes({ role: 'tool', content: 'yes', tool_call_id: 'c1' })).toBe(TOOL_RESPONSE_BYTES)
    expect(toolBytes({ role: 'user', content: 'yes' })).toBe(0)
    expect(toolBytes({ role: 'assistant', content: 'yes' })).toBe(0)
  })

  it('says what was refused as the text that it was, and its parts in their order', () => {
    const refusal = { type: 'refusal', refusal: 'No.' }
    const text = { type: 'text', text: 'Well. ' }
    expect(
      sent(
        { role: 'assistant', content: null, refusal: 'No.' },
        { role: 'assistant', content: [text, refusal] },
        { role: 'assistant', content: 'Well.', refusal: 'No.' },
        { role: 'assistant', content: 'Well.', refusal: null },
      ),
    ).toEqual(['No.', 'Well. No.', 'Well.\nNo.', 'Well.'].map((content) => ({ role: 'assistant', content })))
  })

  it('in the deprecated form is a call and the answer to it', () => {
    const call = { name: 'look_up', arguments: '{"a":1}' }
    const asked = { role: 'user', content: 'Look.' }
    const answer = { role: 'function', name: 'look_up', content: 'found' }
    const messages = [
      asked,
      { role: 'assistant', content: null, function_call: call },
      answer,
      { role: 'assistant', content: 'Again.', function_call: call },
      { ...answer, content: null },
    ]
    expect(sent(...messages)).toEqual([
      asked,
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'function_call_1', type: 'function', function: call }],
      },
      { role: 'tool', content: 'found', tool_call_id: 'function_call_1' },
      {
        role: 'assistant',
        content: 'Again.',
        tool_calls: [{ id: 'function_call_3', type: 'function', function: call }],
      },
      { role: 'tool', content: '', tool_call_id: 'function_call_3' },
    ])
  })
})
