import { describe, expect, test } from 'vitest'
import type { BatchRequest } from '../../../../../inference-host/decoding/batching/request.ts'
import { batchedWrite } from '../../../../../inference-host/decoding/batching/write.ts'
import { createAnswerText } from '../../../../../inference-host/decoding/writing/answer-text.ts'
import type { Writing } from '../../../../../inference-host/decoding/writing/write-on.ts'

const LETTERS = ' abcdefghijklmnopqrstuvwxyz'
const END = 99

/** An engine whose model spells `script` and then goes on with ends. */
function speller(script: string, failsAfter = Number.POSITIVE_INFINITY) {
  return {
    submit(request: BatchRequest) {
      request.started(4)
      const counted = {
        promptTokens: request.prompt.length,
        cachedPromptTokens: 4,
        outputTokens: 0,
        computeMs: 7,
      }
      for (;;) {
        if (request.stopped()) return request.ended({ ...counted, how: 'stopped' })
        if (counted.outputTokens >= failsAfter)
          return request.ended({ ...counted, how: 'failed', cause: new Error('gone') })
        const letter = script[counted.outputTokens++]
        const id = letter === undefined ? END : LETTERS.indexOf(letter)
        const last = counted.outputTokens >= request.most
        if (request.take({ id, logprobs: undefined }, last) || last)
          return request.ended({ ...counted, how: 'finished' })
      }
    },
  }
}

async function write(
  engine: ReturnType<typeof speller>,
  { stop = [], ...changes }: Partial<Writing> & { stop?: string[] } = {},
) {
  const pieces: string[] = []
  let outputTokens = 0
  const written = await batchedWrite(engine)({
    prompt: [1, 2, 3],
    room: 50,
    sampler: () => ({ id: 0, logprobs: undefined }),
    constrained: false,
    answer: createAnswerText(
      { ends: new Set([END]), decode: (ids) => ids.map((id) => LETTERS[id]).join('') },
      stop,
    ),
    namespace: undefined,
    stopped: () => false,
    onStart: () => {},
    onToken(text, count) {
      pieces.push(text)
      outputTokens = count
    },
    ...changes,
  })
  return { written, outputTokens, text: pieces.join(''), pieces }
}

describe('a text ends', () => {
  test('with its end token, which is counted and gives no text', async () => {
    const { written, outputTokens, text } = await write(speller('hello'))
    expect(written).toEqual({ computeMs: 7, finishReason: 'stop' })
    expect([text, outputTokens]).toEqual(['hello', 6])
  })

  test('before a stop string that several tokens make up', async () => {
    const { written, outputTokens, text } = await write(speller('the end of it'), { stop: ['nd o'] })
    expect(written.finishReason).toBe('stop')
    expect([text, outputTokens]).toEqual(['the e', 9])
  })

  test('with its room, what was held back included', async () => {
    const { written, outputTokens, pieces } = await write(speller('abcdef'), { room: 3, stop: ['cx'] })
    expect(written.finishReason).toBe('length')
    expect([pieces, outputTokens]).toEqual([['a', 'b', 'c'], 3])
  })

  test('where it was stopped, with no reason', async () => {
    let asked = 0
    const { written, outputTokens } = await write(speller('abcdef'), { stopped: () => ++asked > 2 })
    expect([written, outputTokens]).toEqual([{ computeMs: 7 }, 2])
  })

  test('where the engine failed, with the cause and what was computed', async () => {
    const { written, outputTokens } = await write(speller('abcdef', 2))
    expect([written, outputTokens]).toEqual([{ computeMs: 7, failure: { cause: new Error('gone') } }, 2])
  })
})
