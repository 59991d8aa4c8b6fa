import { describe, expect, it } from 'vitest'
import { createMessageStream } from '../../../../edge/write/message-stream.ts'
import { callPart, chunk, closing, eventsOf, opening, read } from '../../../fixtures/host-chunks.ts'

function written(...chunks: object[]) {
  const stream = createMessageStream('twohop-chat', 'r1')
  return eventsOf([opening(), ...chunks].map((one) => stream.chunk(read(one))).join('') + stream.end())
}
const BLOCK = ['content_block_start', 'content_block_delta', 'content_block_stop']

describe("a message's stream", () => {
  it('begins with the usage of the prompt, and ends with all of it', () => {
    const events = written(chunk({ content: 'Hi' }), chunk({ finish: 'stop', stop: 'END' }), closing())
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      ...BLOCK,
      'message_delta',
      'message_stop',
    ])
    expect(events[0]).toMatchObject({
      message: { id: 'msg_r1', content: [], stop_reason: null, usage: { input_tokens: 9, output_tokens: 0 } },
    })
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' },
      usage: { input_tokens: 9, output_tokens: 3 },
    })
  })

  it('has each block in its place, and no space that stands before a call', () => {
    const events = written(
      chunk({ content: 'I look.' }),
      chunk({ tool_calls: [callPart('{}', { id: 'a', name: 'look' })] }),
      chunk({ content: '\n' }),
      chunk({ tool_calls: [callPart('{}', { id: 'b', name: 'go' })] }),
      chunk({ finish: 'tool_calls' }),
      closing(),
    )
    const blocks = events.filter(({ type }) => type.startsWith('content_block'))
    expect(blocks.map(({ type }) => type)).toEqual([...BLOCK, ...BLOCK, ...BLOCK])
    expect(blocks.map(({ index }) => index)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2])
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
  })

  it('has no block where the answer is empty', () => {
    const events = written(chunk({ finish: 'length' }), closing(1))
    expect(events.map(({ type }) => type)).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  it.each([
    ['that does not begin with its prompt', [chunk({ content: 'Hi' })]],
    ['that ended without an answer', [opening()]],
    ['with arguments of no call', [opening(), chunk({ tool_calls: [callPart('{}')] })]],
    ['of space without end', [opening(), ...Array(9).fill(chunk({ content: ' '.repeat(1024 * 1024) }))]],
  ])('is none of a host %s', (_, chunks) => {
    const stream = createMessageStream('twohop-chat', 'r1')
    expect(() => {
      for (const one of chunks) stream.chunk(read(one))
      stream.end()
    }).toThrow()
  })
})
