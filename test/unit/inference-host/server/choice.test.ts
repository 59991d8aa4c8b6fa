import { describe, expect, it } from 'vitest'
import { createChoice, joined } from '../../../../inference-host/server/choice.ts'

const NOTHING = { calls: false, logprobs: false }
const logprob = (token: string) => ({ token, logprob: -1, bytes: [...Buffer.from(token)], top_logprobs: [] })

describe('one of several answers', () => {
  it('is text as it comes, and says why it ended', () => {
    const choice = createChoice(2, NOTHING)
    const pieces = [choice.push('a'), choice.push('b'), choice.end('length')]
    expect(pieces.map(({ index, text, finish }) => [index, text, finish])).toEqual([
      [2, 'a', null],
      [2, 'b', null],
      [2, '', 'length'],
    ])
    expect(joined(pieces, 2)).toEqual({
      index: 2,
      text: 'ab',
      toolCalls: [],
      logprobs: undefined,
      finish: 'length',
    })
  })

  it('is put together of its own pieces alone', () => {
    const [first, second] = [createChoice(0, NOTHING), createChoice(1, NOTHING)]
    const pieces = [
      first.push('a'),
      second.push('b'),
      first.end('stop'),
      second.push('c'),
      second.end('stop'),
    ]
    expect([0, 1].map((index) => joined(pieces, index).text)).toEqual(['a', 'bc'])
  })

  it('tells the log probabilities that were asked for, none of them twice', () => {
    const choice = createChoice(0, { calls: false, logprobs: true })
    const pieces = [
      choice.push('a', [logprob('a')]),
      choice.push(''),
      choice.push('bc', ['b', 'c'].map(logprob)),
      choice.end('stop'),
    ]
    expect(joined(pieces, 0).logprobs?.map(({ token }) => token)).toEqual(['a', 'b', 'c'])
  })

  it('that called a tool ended for that, but not where it was cut off', () => {
    const call = '<tool_call>\n{"name": "look_up", "arguments": {}}\n</tool_call>'
    for (const [finish, told] of [
      ['stop', 'tool_calls'],
      ['length', 'length'],
    ] as const) {
      const choice = createChoice(0, { calls: true, logprobs: false })
      const whole = joined([...[...call].map((letter) => choice.push(letter)), choice.end(finish)], 0)
      expect(whole).toMatchObject({ text: '', finish: told })
      expect(whole.toolCalls).toMatchObject([{ function: { name: 'look_up', arguments: '{}' } }])
      expect(whole.toolCalls[0]?.id).toMatch(/^call_[0-9a-f]{24}$/)
    }
    const text = createChoice(0, { calls: true, logprobs: false })
    expect(text.end('stop').finish).toBe('stop')
  })
})
