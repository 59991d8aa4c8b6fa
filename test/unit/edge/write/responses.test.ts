import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { responsesForm } from '../../../../edge/write/responses.ts'
import { answer, callPart, chunk, closing, eventsOf, opening, read } from '../../../fixtures/host-chunks.ts'
import { echo } from '../../../fixtures/response-echo.ts'

const { whole, stream, fieldOf } = responsesForm(echo)
const timing = { queue_ms: 0, compute_ms: 1, cached_prompt_tokens: 4 }
const written = (of: Parameters<typeof answer>[0]) =>
  JSON.parse(whole(answer(of), { requestId: 'r1', timing }))
const call = (id: string, given: string) => ({ id, function: { name: 'look', arguments: given } })

describe('a whole answer as a response', () => {
  it('is a message and its usage', () => {
    expect(written({})).toMatchObject({
      id: 'resp_r1',
      status: 'completed',
      metadata: { a: 'b' },
      output: [{ type: 'message', id: 'msg_r1', content: [{ text: 'Hello' }] }],
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 3,
        total_tokens: 12,
      },
    })
  })

  it('is its calls, after the text where there is one', () => {
    const calls = [call('a', '{}'), call('b', '{}')]
    expect(written({ text: '', calls, finish: 'tool_calls' }).output).toMatchObject([
      { type: 'function_call', call_id: 'a', id: 'fc_r1_0' },
      { type: 'function_call', call_id: 'b', id: 'fc_r1_1' },
    ])
    const { output } = written({ text: 'I look.', calls, finish: 'length' })
    expect(output.map(({ status }: { status: string }) => status)).toEqual([
      'completed',
      'completed',
      'incomplete',
    ])
  })

  it('says the same as the stream of the same answer', async () => {
    const parts = fc.array(fc.string({ minLength: 1 }), { maxLength: 5 })
    await fc.assert(
      fc.property(parts, parts, fc.constantFrom('stop', 'length'), (texts, given, finish) => {
        const form = stream('r1')
        const called = given.length > 0
        const chunks = [
          opening(),
          ...texts.map((content) => chunk({ content })),
          ...(called ? [chunk({ tool_calls: [callPart('', { id: 'a', name: 'look' })] })] : []),
          ...given.map((part) => chunk({ tool_calls: [callPart(part)] })),
          chunk({ finish }),
          closing(),
        ]
        const events = eventsOf(chunks.map((one) => form.chunk(read(one))).join('') + form.end())
        const joined = texts.join('')
        // As the host gives it: space alone is no text beside a call.
        const text = called && joined.trim() === '' ? '' : joined
        expect(events.at(-1)?.response).toEqual(
          written({ text, calls: called ? [call('a', given.join(''))] : [], finish }),
        )
      }),
    )
  })
})

it.each([
  ['messages', 'input'],
  ['messages[3].content', 'input'],
  ['max_tokens', 'max_output_tokens'],
  ['response_format', 'text.format'],
  ['response_format.json_schema.schema.type', 'text.format.schema.type'],
  ['tools[2].function.parameters.properties.function', 'tools[2].parameters.properties.function'],
  ['tool_choice.allowed_tools.tools[0].function.name', 'tool_choice.tools[0].name'],
  ['tool_choice.function.name', 'tool_choice.name'],
  ['model', 'model'],
])('calls %s of a chat %s', (param, field) => {
  expect(fieldOf(param)).toBe(field)
})
