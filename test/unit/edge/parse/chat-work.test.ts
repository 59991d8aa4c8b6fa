import { describe, expect, it } from 'vitest'
import { type ChatAsked, chatWork } from '../../../../edge/parse/chat-work.ts'
import { MOST_MESSAGES } from '../../../../shared/openai/messages.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const free = entitledTo('free')
const asked = (changes: Partial<ChatAsked> = {}): ChatAsked => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content: 'hello' }],
  limit: { field: 'max_output_tokens', tokens: undefined },
  ...changes,
})
const many = (count: number) => Array.from({ length: count }, () => ({ role: 'user' as const, content: 'x' }))

describe('the work of a chat', () => {
  it('has the defaults of the plan, and says nothing that was not asked for', () => {
    expect(chatWork(asked(), free)).toMatchObject({
      path: '/v1/chat/completions',
      stream: false,
      includeUsage: false,
      form: undefined,
      request: {
        model: 'twohop-chat',
        messages: [{ role: 'user', content: 'hello' }],
        max_tokens: 128,
        stop: [],
        stream: false,
      },
    })
    expect(Object.keys(chatWork(asked(), free).request).toSorted()).toEqual([
      'max_tokens',
      'messages',
      'model',
      'stop',
      'stream',
    ])
  })

  it('names the field of the limit as its API does', () => {
    const limit = { field: 'max_output_tokens', tokens: 257 }
    expect(refusal(() => chatWork(asked({ limit }), free))).toEqual(['invalid_request', 'max_output_tokens'])
  })

  it('has no more messages than the host takes', () => {
    expect(refusal(() => chatWork(asked({ messages: many(MOST_MESSAGES) }), free))).toBe('none')
    const more = () => chatWork(asked({ messages: many(MOST_MESSAGES + 1) }), free)
    expect(refusal(more)).toEqual(['invalid_request', 'messages'])
  })
})
