import { describe, expect, it } from 'vitest'
import { HostAnswer, HostChunk } from '../../../../edge/write/host-answer.ts'
import { callPart, chunk, closing, opening } from '../../../fixtures/host-chunks.ts'

describe('what is read of the host', () => {
  it('is the text, the calls and the counts of a whole answer', () => {
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } }
    const sent = {
      created: 7,
      choices: [
        {
          message: { role: 'assistant', content: null, refusal: null, tool_calls: [call] },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    }
    expect(HostAnswer.parse(sent)).toEqual({
      created: 7,
      text: '',
      calls: [{ id: 'c', function: { name: 'look', arguments: '{}' } }],
      logprobs: [],
      finish: 'tool_calls',
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    })
  })

  it.each([
    ['no choice', { choices: [] }],
    ['no text', { choices: [{ message: {}, finish_reason: 'stop' }] }],
    ['an end of its own', { choices: [{ message: { content: 'x' }, finish_reason: 'tired' }] }],
    ['a count below zero', { usage: { prompt_tokens: -1, completion_tokens: 2 } }],
  ])('is no answer with %s', (_, changes) => {
    const good = {
      created: 7,
      choices: [{ message: { content: 'x' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    }
    expect(HostAnswer.safeParse(good).success).toBe(true)
    expect(HostAnswer.safeParse({ ...good, ...changes }).success).toBe(false)
  })

  it('is what each chunk adds', () => {
    expect([opening(), chunk({ content: 'Hi' }), closing()].map((one) => HostChunk.parse(one))).toMatchObject(
      [
        { text: '', usage: { prompt_tokens: 9 }, finish: undefined },
        { text: 'Hi', usage: undefined, calls: [] },
        { text: '', usage: { completion_tokens: 3 }, cached: 4 },
      ],
    )
    const named = callPart('', { id: 'c', name: 'look' })
    expect(HostChunk.parse(chunk({ tool_calls: [named], finish: 'length' }))).toMatchObject({
      calls: [{ id: 'c', function: { name: 'look', arguments: '' } }],
      finish: 'length',
    })
    for (const bad of [{}, { ...chunk(), choices: [{}] }, chunk({ tool_calls: [{}] })])
      expect(HostChunk.safeParse(bad).success).toBe(false)
  })
})
