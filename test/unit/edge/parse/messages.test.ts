import { describe, expect, it } from 'vitest'
import { hostMessage, toolBytes } from '../../../../edge/parse/messages.ts'
import { TOOL_RESPONSE_BYTES, toolCallBytes } from '../../../../shared/openai/tool-text.ts'

const calls = [{ id: 'c1', type: 'function' as const, function: { name: 'look_up', arguments: '{}' } }]

describe('a message to the host', () => {
  it('has no half of a surrogate pair, whoever says it', () => {
    const content = 'a\ud800b'
    for (const role of ['user', 'system', 'assistant'] as const)
      expect(hostMessage({ role, content })).toEqual({ role, content: 'a\ufffdb' })
    expect(hostMessage({ role: 'tool', content, tool_call_id: 'c1' })).toEqual({
      role: 'tool',
      content: 'a\ufffdb',
      tool_call_id: 'c1',
    })
  })

  it("of a developer is the system's", () => {
    expect(hostMessage({ role: 'developer', content: 'Be short.' })).toEqual({
      role: 'system',
      content: 'Be short.',
    })
  })

  it('of calls alone has no content, and counts the text of the calls', () => {
    const message = hostMessage({ role: 'assistant', content: null, tool_calls: calls })
    expect(message).toEqual({ role: 'assistant', content: null, tool_calls: calls })
    expect(toolBytes(message)).toBe(toolCallBytes(calls))
    expect(toolBytes(message)).toBeGreaterThan('look_up{}'.length)
  })

  it("of a tool counts the marks of its answer, another's nothing", () => {
    expect(toolBytes({ role: 'tool', content: 'yes', tool_call_id: 'c1' })).toBe(TOOL_RESPONSE_BYTES)
    expect(toolBytes({ role: 'user', content: 'yes' })).toBe(0)
    expect(toolBytes({ role: 'assistant', content: 'yes' })).toBe(0)
  })
})
