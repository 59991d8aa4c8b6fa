import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { writeOn } from '../../../../../inference-host/decoding/writing/write-on.ts'
import { loadTokenizer } from '../../../../../inference-host/weights/tokenizer.ts'
import { TwohopError } from '../../../../../shared/errors.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'

const loading = loadTokenizer(embeddedModel('twohop-chat').folder)

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

test('a structure that is refused once it is bound to the tokens has cost that time', async () => {
  const counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
  const writer: Parameters<typeof writeOn>[0] = {
    loaded: { tokenizer: await loading, context: 100, defaults: {} } as never,
    tokens: {
      follow() {
        vi.advanceTimersByTime(250)
        throw new TwohopError('invalid_request', 'An answer of this structure takes 9 tokens.')
      },
      logprob: () => undefined,
    },
    write: async () => ({}),
    together: true,
  }
  const work: Parameters<typeof writeOn>[1] = {
    kind: 'complete',
    prompt: 'Hello',
    account: 'ada',
    sampling: { stop: [] } as never,
    structure: { id: 'x', program: new Uint8Array() },
    limits: { promptTokens: 50, outputTokens: 8 },
  } as never
  const options = { counts, stopped: () => false, report: () => {}, newSeed: () => 1 }
  await expect(writeOn(writer, work, options)).rejects.toMatchObject({ code: 'invalid_request' })
  expect(counts.readMs).toBe(250)
})

test('the time in which its structure was followed is told by itself, of all its answers together', async () => {
  const counts = { promptTokens: 0, outputTokens: 0, readMs: 0, structureMs: undefined as number | undefined }
  let ended = 0
  const matcher = {
    next(mask: Int32Array) {
      mask.fill(-1)
      vi.advanceTimersByTime(6)
    },
    cut() {},
    accept: () => void vi.advanceTimersByTime(1),
    wasCut: false,
    complete: false,
  } as never
  const writer: Parameters<typeof writeOn>[0] = {
    loaded: { tokenizer: await loading, context: 100, defaults: {} } as never,
    tokens: { follow: () => ({ start: () => matcher, end: () => void ended++ }), logprob: () => undefined },
    async write({ sampler }) {
      sampler(Float32Array.of(1, 2))
      vi.advanceTimersByTime(100)
      sampler(Float32Array.of(1, 2))
      return { finishReason: 'stop', computeMs: 100 }
    },
    together: false,
  }
  const work: Parameters<typeof writeOn>[1] = {
    kind: 'complete',
    prompt: 'Hello',
    account: 'ada',
    sampling: { temperature: 0, topP: undefined, seed: 1, stop: [], logitBias: new Map([[1, 50]]) },
    structure: { id: 'x', program: new Uint8Array() },
    answers: 2,
    limits: { promptTokens: 50, outputTokens: 8 },
  } as never
  const options = { counts: counts as never, stopped: () => false, report: () => {}, newSeed: () => 1 }
  const output = await writeOn(writer, work, options)
  expect(output).toEqual({ kind: 'text', finishReasons: ['stop', 'stop'] })
  expect(counts.structureMs).toBe(28)
  expect(ended).toBe(1)
})
