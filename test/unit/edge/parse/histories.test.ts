import { describe, expect, it } from 'vitest'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { HostChatRequest } from '../../../../shared/openai/chat.ts'
import { TOOL_RESPONSE_BYTES, toolCallBytes } from '../../../../shared/openai/tool-text.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { HISTORIES } from '../../../fixtures/openai/histories.ts'

const pro = entitledTo('pro')
const call = { name: 'search', arguments: '{"topic":"budget"}' }

describe.each(HISTORIES)('a tool loop of $client', ({ body }) => {
  const work = parseChat({ model: 'twohop-chat', ...body }, pro)
  const request = HostChatRequest.parse(JSON.parse(JSON.stringify(work.request)))

  it('tells the host the call and its answer, and nothing that no model reads', () => {
    const at = request.messages.findIndex((message) => 'tool_calls' in message)
    const [asked, answered] = request.messages.slice(at)
    expect(asked).toMatchObject({ role: 'assistant', tool_calls: [{ type: 'function', function: call }] })
    const [made] = asked && 'tool_calls' in asked ? asked.tool_calls : []
    expect(Object.keys(made ?? {}).toSorted()).toEqual(['function', 'id', 'type'])
    expect(answered).toMatchObject({ role: 'tool', tool_call_id: made?.id })
    expect(answered?.content).toContain('A budget is what an account may spend.')
    expect(JSON.stringify(request)).not.toMatch(/I look it up|thought_signature|thread-1|ada/)
  })

  it('costs by what the host is told, whatever else was sent', () => {
    const bare = parseChat({ model: 'twohop-chat', tools: body.tools, messages: request.messages }, pro)
    expect(work.worst.promptTokens).toBe(bare.worst.promptTokens)
    const least = toolCallBytes([{ id: 'c', type: 'function', function: call }]) + TOOL_RESPONSE_BYTES
    expect(work.worst.promptTokens).toBeGreaterThan(least)
  })
})
