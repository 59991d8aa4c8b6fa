import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messageFieldOf, messagesForm } from '../../../../edge/write/messages.ts'
import { answer, callPart, chunk, closing, eventsOf, opening, read } from '../../../fixtures/host-chunks.ts'

const { whole, stream } = messagesForm('twohop-chat')
const written = (of: Parameters<typeof answer>[0]) =>
  JSON.parse(whole(answer(of), { requestId: 'r1', timing: undefined }))
const call = (id: string, given: string) => ({ id, function: { name: 'look', arguments: given } })

describe('a whole answer as a message', () => {
  it('is its text and its usage', () => {
    expect(written({})).toMatchObject({
      id: 'msg_r1',
      type: 'message',
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 9, output_tokens: 3, cache_read_input_tokens: 0 },
    })
  })

  it.each([
    [{ finish: 'length' as const }, 'max_tokens', null],
    [{ finish: 'stop' as const, stop: 'END' }, 'stop_sequence', 'END'],
    [{ finish: 'tool_calls' as const, text: '', calls: [call('a', '{}')] }, 'tool_use', null],
  ])('says why it ended: %o', (of, reason, sequence) => {
    expect(written(of)).toMatchObject({ stop_reason: reason, stop_sequence: sequence })
  })

  it('has calls as blocks, but none that was cut off or whose arguments are no object', () => {
    const calls = [call('a', '{"x":1}'), call('b', '{"x"'), call('c', '7')]
    expect(written({ text: 'I look.', calls, finish: 'length' }).content).toEqual([
      { type: 'text', text: 'I look.', citations: null },
      { type: 'tool_use', id: 'a', name: 'look', input: { x: 1 }, caller: { type: 'direct' } },
    ])
  })

  it('says the same as the stream of the same answer', async () => {
    await fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }), fc.boolean(), (texts, called) => {
        const form = stream('r1')
        const finish = called ? 'tool_calls' : 'stop'
        const parts = [callPart('', { id: 'a', name: 'look' }), callPart('{"x"'), callPart(':1}')]
        const chunks = [
          opening(),
          ...texts.map((piece) => chunk({ content: piece })),
          ...(called ? parts.map((part) => chunk({ tool_calls: [part] })) : []),
          chunk({ finish }),
          closing(),
        ]
        const events = eventsOf(chunks.map((one) => form.chunk(read(one))).join('') + form.end())
        const blocks: Record<string, unknown>[] = []
        for (const { type, content_block: block, delta } of events) {
          if (type === 'content_block_start') blocks.push({ ...(block as object), json: '' })
          const last = blocks.at(-1)
          if (type !== 'content_block_delta' || !last) continue
          const { text = '', partial_json: json = '' } = delta as { text?: string; partial_json?: string }
          if (last.type === 'text') last.text += text
          last.json += json
        }
        const content = blocks.map(({ json, ...block }) =>
          block.type === 'text' ? block : { ...block, input: JSON.parse(String(json)) },
        )
        const joined = texts.join('')
        const text = called && joined.trim() === '' ? '' : joined
        const same = written({ text, calls: called ? [call('a', '{"x":1}')] : [], finish })
        expect(content).toEqual(same.content)
        expect(events.at(-2)).toMatchObject({ delta: { stop_reason: same.stop_reason } })
      }),
    )
  })
})

it.each([
  ['messages', 'messages'],
  ['stop', 'stop_sequences'],
  ['response_format.json_schema.schema.type', 'output_config.format.schema.type'],
  ['tools[2].function.parameters.properties.function', 'tools[2].input_schema.properties.function'],
  ['tools[2].function.name', 'tools[2].name'],
  ['tool_choice.function.name', 'tool_choice.name'],
])('calls %s of a chat %s', (param, field) => {
  expect(messageFieldOf(param)).toBe(field)
})
