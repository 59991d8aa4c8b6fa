import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { seededRandom } from '../../../inference-host/decoding/writing/random.ts'
import { loadModel, loadText } from '../../../inference-host/device/load.ts'
import type { LoadRequest } from '../../../inference-host/device/port.ts'
import { seq2seqInput } from '../../../inference-host/seq2seq/input.ts'
import { loadSeq2seq } from '../../../inference-host/seq2seq/load.ts'
import { perform } from '../../../inference-host/seq2seq/perform.ts'
import { type WriteSeq2seq, writeAlone } from '../../../inference-host/seq2seq/write.ts'
import type { Output, PerformOptions } from '../../../inference-host/work/engine.ts'
import { type TinySeq2seq, writeTinySeq2seq } from '../../fixtures/graphs/tiny-seq2seq-folder.ts'

/** As `facebook/bart-large-cnn` is configured, but shorter. */
const LIKE_BART_CNN = {
  forced_bos_token_id: 0,
  forced_eos_token_id: 2,
  no_repeat_ngram_size: 3,
  min_length: 9,
  num_beams: 4,
}
/** Blocks of 32 weights. */
const IN_32S = { heads: 2, headDim: 16 }
const MODELS: Record<string, TinySeq2seq> = {
  't5, distances': { family: 't5', seed: 11 },
  'bart, places': { family: 'bart' },
  'bart with the settings of a summarizer': { family: 'bart', generation: LIKE_BART_CNN, seed: 9 },
  'marian, whose padding is a bad word': {
    family: 'bart',
    generation: { bad_words_ids: [[1]], forced_eos_token_id: 2 },
    seed: 21,
  },
  't5 with weights of 4 bits': { family: 't5', seed: 2, fourBit: 'float', sizes: IN_32S },
  'nllb, with marks of languages': { family: 'bart', multilingual: true, seed: 7 },
}

const BATCHED = { slots: 8, memoryBytes: 2 ** 24, exact: false }

type Wish = {
  text: string
  to: string | undefined
  room: number
  /** Told to stop once it has this many tokens. */
  quitAfter: number
}

const WORDS = ['a fox', 'the cat', 'over', 'what is it?', 'no.', 'runs, jumps', 'zz', 'hello you there', 'x']

function wishesFor({ multilingual = false }: TinySeq2seq, count: number): Wish[] {
  const random = seededRandom(5)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  return Array.from({ length: count }, () => ({
    text: Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(WORDS)).join(' '),
    to: multilingual ? pick(['aaa_Latn', 'bbb_Latn', undefined]) : undefined,
    room: 1 + Math.floor(random() * 40),
    quitAfter: random() < 0.2 ? 1 + Math.floor(random() * 9) : Number.POSITIVE_INFINITY,
  }))
}

type Written = { text: string; promptTokens: number; outputTokens: number; output: Output | undefined }

function performWith(text: Parameters<typeof perform>[0]['text'], write: WriteSeq2seq, onToken = () => {}) {
  return async ({ to, room, quitAfter, text: asked }: Wish): Promise<Written & { computeMs?: number }> => {
    const counts: PerformOptions['counts'] = { promptTokens: 0, outputTokens: 0, readMs: 0 }
    let written = ''
    const work = {
      kind: 'seq2seq' as const,
      text: asked,
      from: undefined,
      to,
      limits: { promptTokens: 200, outputTokens: room },
    }
    const output = await perform({ text, task: 'translation', write }, work, {
      counts,
      stopped: () => counts.outputTokens >= quitAfter,
      report(event) {
        if (event.type === 'token') written += event.text
        onToken()
      },
      newSeed: () => 1,
    })
    // What reading took differs each time.
    const { readMs: _, ...same } = counts
    return { text: written, output, ...same }
  }
}

/** How a model in `folder` is loaded. */
const requestOf = (folder: string): LoadRequest => ({
  folder,
  task: 'translation',
  device: 'cpu',
  dtype: 'fp32',
  context: undefined,
  threads: 1,
})

describe.each(Object.entries(MODELS))('%s', (_, model) => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'seq2seq-'))
    await writeTinySeq2seq(folder, model)
  })
  afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))

  test('200 texts that come and go at random read as transformers.js writes each alone', async () => {
    const request = requestOf(folder)
    const loaded = await loadModel(request)
    onTestFinished(async () => void (await loaded.model.dispose()))
    const wishes = wishesFor(model, 200)
    const expected: Written[] = []
    for (const wish of wishes) expected.push(await performWith(loaded, writeAlone(loaded))(wish))

    const batched = await loadSeq2seq(loaded, request, BATCHED)
    const random = seededRandom(3)
    const due: (() => void)[] = []
    const sizes: number[] = []
    const next = () => {
      sizes.push(batched.load().batchSize)
      if (random() < 0.12) due.shift()?.()
    }
    const write = performWith(loaded, batched.write, next)
    const found = wishes.map((wish) => {
      const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof write>>>()
      due.push(() => resolve(write(wish)))
      return promise
    })
    let over = false
    const all = Promise.all(found).finally(() => {
      over = true
    })
    while (!over) {
      if (batched.load().batchSize === 0) for (let i = 0; i < 4; i++) due.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const results = await all
    expect(results.map((one) => ({ ...one, computeMs: undefined }))).toEqual(expected)
    expect(results.every(({ computeMs }) => (computeMs ?? 0) > 0)).toBe(true)
    // They did meet; and what was written is not all one word.
    expect(Math.max(...sizes)).toBeGreaterThan(5)
    expect(new Set(expected.map(({ text }) => text)).size).toBeGreaterThan(60)
    expect(expected.filter(({ output }) => output === undefined).length).toBeGreaterThan(10)
  })
})

test('a language that one request names is not that of the next, which names none', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'seq2seq-'))
  onTestFinished(() => rm(folder, { recursive: true, maxRetries: 10 }))
  await writeTinySeq2seq(folder, { family: 'bart', multilingual: true })
  const text = await loadText({ folder, context: undefined })
  const read = (from?: string, to?: string) => seq2seqInput('translation', text, { text: 'a', from, to })
  const [aaa, bbb] = ['aaa_Latn', 'bbb_Latn'].map((mark) => text.tokenizer.convert_tokens_to_ids([mark])[0])
  const plain = await read()
  expect(plain).toMatchObject({ ids: [aaa, ...plain.ids.slice(1)], first: undefined })
  expect(await read('bbb_Latn', 'aaa_Latn')).toMatchObject({ ids: [bbb, ...plain.ids.slice(1)], first: aaa })
  expect((await read()).ids[0]).toBe(aaa)
  await expect(read('bbb_Latn', 'xyz')).rejects.toThrow(
    'Expected two languages that the model knows, found others.',
  )
  expect((await read()).ids[0]).toBe(aaa)
})

test.each([
  {
    what: 'a model that quantizes its activations as it runs',
    model: { family: 't5', quantized: true },
    how: BATCHED,
    why: /^what it writes of a text depends on the texts beside it/,
  },
  {
    what: 'a model whose batch differs in the last bits, where that is not to be,',
    model: { family: 't5', fourBit: 'float', sizes: IN_32S },
    how: { ...BATCHED, exact: true },
    why: /^HOST_EXACT is set, and a batch differs/,
  },
] as const)('$what is not batched', async ({ model, how, why }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'seq2seq-'))
  onTestFinished(() => rm(folder, { recursive: true, maxRetries: 10 }))
  await writeTinySeq2seq(folder, model)
  const request = requestOf(folder)
  const loaded = await loadModel(request)
  onTestFinished(async () => void (await loaded.model.dispose()))
  await expect(loadSeq2seq(loaded, request, how)).rejects.toThrow(why)
})
