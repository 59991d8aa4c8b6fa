import { describe, expect, test } from 'vitest'
import type { BatchRequest } from '../../../inference-host/batching/request.ts'
import { writeText } from '../../../inference-host/batching/write.ts'

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
  changes: Partial<Parameters<typeof writeText>[1]> = {},
) {
  const pieces: string[] = []
  const written = await writeText(engine, {
    prompt: [1, 2, 3],
    room: 50,
    sampler: () => ({ id: 0, logprobs: undefined }),
    ends: new Set([END]),
    stop: [],
    decode: (ids) => ids.map((id) => LETTERS[id]).join(''),
    namespace: undefined,
    stopped: () => false,
    onStart: () => {},
    onToken: (text) => void pieces.push(text),
    ...changes,
  })
  return { written, text: pieces.join(''), pieces }
}

describe('a text ends', () => {
  const counts = { promptTokens: 3, cachedPromptTokens: 4, computeMs: 7 }

  test('with its end token, which is counted and gives no text', async () => {
    const { written, text } = await write(speller('hello'))
    expect(written).toEqual({ ...counts, outputTokens: 6, finishReason: 'stop' })
    expect(text).toBe('hello')
  })

  test('before a stop string that several tokens make up', async () => {
    const { written, text } = await write(speller('the end of it'), { stop: ['nd o'] })
    expect(written).toMatchObject({ outputTokens: 9, finishReason: 'stop' })
    expect(text).toBe('the e')
  })

  test('with its room, what was held back included', async () => {
    const { written, pieces } = await write(speller('abcdef'), { room: 3, stop: ['cx'] })
    expect(written).toMatchObject({ outputTokens: 3, finishReason: 'length' })
    expect(pieces).toEqual(['a', 'b', 'c'])
  })

  test('where it was stopped, with no reason', async () => {
    let asked = 0
    const { written } = await write(speller('abcdef'), { stopped: () => ++asked > 2 })
    expect(written).toEqual({ ...counts, outputTokens: 2 })
  })

  test('where the engine failed, with the cause and what was computed', async () => {
    const { written } = await write(speller('abcdef', 2))
    expect(written).toEqual({ ...counts, outputTokens: 2, failure: { cause: new Error('gone') } })
  })
})
