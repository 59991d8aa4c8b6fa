import { describe, expect, it } from 'vitest'
import { createResponseStream } from '../../../../edge/write/response-stream.ts'
import { callPart, chunk, closing, eventsOf, opening, read } from '../../../fixtures/host-chunks.ts'
import { echo } from '../../../fixtures/response-echo.ts'

/** The events of a stream of these chunks. */
function written(...chunks: object[]) {
  const stream = createResponseStream(echo, 'r1')
  const text = [opening(), ...chunks].map((one) => stream.chunk(read(one))).join('') + stream.end()
  return eventsOf(text)
}
const typesOf = (events: { type: string }[]) => events.map(({ type }) => type.replace('response.', ''))
const TEXT = ['output_item.added', 'content_part.added']
const TEXT_END = ['output_text.done', 'content_part.done', 'output_item.done']
const CALL_END = ['function_call_arguments.done', 'output_item.done']

describe("a response's stream", () => {
  it('has its events in their order, each with its number and its place', () => {
    const events = written(
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({ finish: 'stop' }),
      closing(),
    )
    expect(typesOf(events)).toEqual([
      'created',
      'in_progress',
      ...TEXT,
      'output_text.delta',
      'output_text.delta',
      ...TEXT_END,
      'completed',
    ])
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i))
    for (const event of events.slice(2, -1)) expect(event.output_index).toBe(0)
    expect(events.at(0)).toMatchObject({ response: { status: 'in_progress', output: [], usage: null } })
    expect(events.at(-1)).toMatchObject({
      response: {
        id: 'resp_r1',
        created_at: 1000,
        status: 'completed',
        incomplete_details: null,
        output: [{ id: 'msg_r1', status: 'completed', content: [{ type: 'output_text', text: 'Hello' }] }],
        usage: {
          input_tokens: 9,
          input_tokens_details: { cached_tokens: 4 },
          output_tokens: 3,
          total_tokens: 12,
        },
      },
    })
  })

  it('has each call as an item of its own, and no space that stands before one', () => {
    const events = written(
      chunk({ content: '\n' }),
      chunk({ tool_calls: [callPart('', { id: 'a', name: 'look' })] }),
      chunk({ tool_calls: [callPart('{"x"')] }),
      chunk({ tool_calls: [callPart(':1}')] }),
      chunk({ content: '\n' }),
      chunk({ tool_calls: [callPart('{}', { id: 'b', name: 'go', index: 1 })] }),
      chunk({ finish: 'tool_calls' }),
      closing(),
    )
    expect(typesOf(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      ...CALL_END,
      'output_item.added',
      'function_call_arguments.delta',
      ...CALL_END,
      'completed',
    ])
    expect(events.at(-1)).toMatchObject({
      response: {
        output: [
          { type: 'function_call', id: 'fc_r1_0', call_id: 'a', name: 'look', arguments: '{"x":1}' },
          { type: 'function_call', id: 'fc_r1_1', call_id: 'b', name: 'go', arguments: '{}' },
        ],
      },
    })
  })

  it('has the text before a call as a message', () => {
    const events = written(
      chunk({ content: ' ' }),
      chunk({ content: 'I look.' }),
      chunk({ tool_calls: [callPart('{}', { id: 'a', name: 'look' })] }),
      chunk({ finish: 'tool_calls' }),
      closing(),
    )
    expect(typesOf(events).filter((type) => type.endsWith('.added') || type === 'output_item.done')).toEqual([
      ...TEXT,
      'output_item.done',
      'output_item.added',
      'output_item.done',
    ])
    expect(events.find(({ type }) => type === 'response.output_text.done')).toMatchObject({
      text: ' I look.',
    })
  })

  it.each([
    ['nothing', []],
    ['only space', [chunk({ content: ' \n' })]],
  ])('is a message where the answer is %s', (_, chunks) => {
    const events = written(...chunks, chunk({ finish: 'stop' }), closing(1))
    const deltas = chunks.length > 0 ? ['output_text.delta'] : []
    expect(typesOf(events)).toEqual(['created', 'in_progress', ...TEXT, ...deltas, ...TEXT_END, 'completed'])
  })

  it('ends incomplete where there was no more room', () => {
    const events = written(chunk({ content: 'Hi' }), chunk({ finish: 'length' }), closing())
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ status: 'incomplete' }],
      },
    })
  })

  it('says in an event of its own why it broke off', () => {
    const stream = createResponseStream(echo, 'r1')
    const before = eventsOf(stream.chunk(read(opening()))).length
    const error = {
      message: 'away',
      type: 'server_error',
      code: 'host_failed',
      param: null,
      request_id: 'r1',
    }
    expect(eventsOf(stream.error({ error }))).toEqual([
      {
        type: 'error',
        sequence_number: before,
        code: 'host_failed',
        message: 'away',
        param: null,
        request_id: 'r1',
      },
    ])
  })

  it.each([
    ['that ended without an answer', [opening()]],
    ['with arguments of no call', [chunk({ tool_calls: [callPart('{}')] }), chunk({ finish: 'stop' })]],
    ['that goes on and on', Array(9).fill(chunk({ content: 'x'.repeat(1024 * 1024) }))],
  ])('is none of a host %s', (_, chunks) => {
    const stream = createResponseStream(echo, 'r1')
    expect(() => {
      for (const one of chunks) stream.chunk(read(one))
      stream.end()
    }).toThrow()
  })
})
