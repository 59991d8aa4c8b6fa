import { expect, it } from 'vitest'
import { type Answer, added, NO_ANSWER, readStream } from '../../../../dashboard/playground/read-stream.ts'

const chunk = (delta: object, more: object = {}) =>
  JSON.stringify({ choices: [{ index: 0, delta, ...more }] })

it('adds text, parts of calls, the reason of the end and the usage', () => {
  const pieces = [
    chunk({ role: 'assistant', content: 'He' }),
    chunk({ content: 'llo' }),
    chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a"' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
    chunk({}, { finish_reason: 'stop' }),
    JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }),
    '[DONE]',
  ]
  expect(pieces.reduce(added, NO_ANSWER)).toEqual({
    text: 'Hello',
    calls: [{ name: 'f', arguments: '{"a":1}' }],
    finish: 'stop',
    usage: { prompt_tokens: 3, completion_tokens: 4 },
  })
})

it('an error in the stream is thrown in its own words', () => {
  const data = JSON.stringify({ error: { code: 'host_failed', message: 'The host failed.' } })
  expect(() => added(NO_ANSWER, data)).toThrow('The host failed. (host_failed)')
})

it('reads events wherever the bytes are cut, inside a character too', async () => {
  const bytes = new TextEncoder().encode(
    `: hi\n\ndata: ${chunk({ content: 'é' })}\n\ndata: ${chunk({ content: '😀' })}\n\n`,
  )
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  const seen: Answer[] = []
  await readStream(body, (answer) => seen.push(answer))
  expect(seen.map(({ text }) => text)).toEqual(['é', 'é😀'])
})
