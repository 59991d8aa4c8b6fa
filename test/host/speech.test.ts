import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type AutomaticSpeechRecognitionPipeline, env, pipeline } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readRecording } from '../../inference-host/media/samples.ts'
import { framed } from '../../shared/framed.ts'
import type { HostMediaRequest } from '../../shared/media.ts'
import type { ServiceClaims } from '../../shared/service-token.ts'
import { SPEECH_CONTEXT, writeTinySpeech } from '../fixtures/graphs/tiny-media.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { slowly } from '../fixtures/pace.ts'
import { paceOwn } from '../fixtures/pace-own.ts'
import { tone, wavOf } from '../fixtures/recordings.ts'
import { brokenAtItsEnd, changed, soundFile } from '../fixtures/sounds.ts'

const TASK = 'automatic-speech-recognition'
const SHORT = wavOf({ samples: tone(440, 2.5) })
/** Two windows. */
const LONG = wavOf({ samples: tone(200, 41) })
let folder: string
let pace: string
let serving: Serving
let reference: AutomaticSpeechRecognitionPipeline

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'speech-'))
  const english = path.join(folder, 'english')
  await writeTinySpeech(path.join(folder, 'many'))
  await writeTinySpeech(english, { multilingual: false, seed: 12 })
  pace = path.join(folder, 'pace')
  paceOwn(pace)
  serving = await serve([
    { id: 'many', source: path.join(folder, 'many'), task: TASK },
    { id: 'english', source: english, task: TASK },
  ])
  env.allowRemoteModels = false
  reference = await pipeline(TASK, path.join(folder, 'many'), { dtype: 'fp32', device: 'cpu' })
})
afterAll(async () => {
  await reference?.dispose()
  await serving?.stop()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, maxRetries: 10 })
})

/** What transformers.js makes of a file by itself, as its pipeline cuts it. */
async function itself(file: Uint8Array, how: { language: string; return_timestamps: boolean }) {
  const { samples } = (await readRecording(file).decode(() => false)) ?? {}
  if (!samples) throw new Error('the recording was not decoded')
  const start = how.return_timestamps ? 3 : 4
  const asked = { ...how, task: 'transcribe', chunk_length_s: 30, max_new_tokens: SPEECH_CONTEXT - start }
  return reference(samples, asked) as Promise<{ text: string; chunks?: unknown[] }>
}

async function ask(
  file: Uint8Array,
  parameters: HostMediaRequest['parameters'] = {},
  { model = 'many', claims = {}, most = 3 * SPEECH_CONTEXT }: Asked = {},
) {
  const body = framed({ model, max_tokens: most, parameters } satisfies HostMediaRequest, file)
  const response = await serving.send(`POST /v1/tasks/${TASK}`, body, {
    claims: { scope: `tasks:${TASK}`, ...claims },
  })
  const usage = JSON.parse(response.headers.get('x-usage') ?? '{}')
  const text = await response.text()
  return { status: response.status, text, usage, code: response.ok ? undefined : JSON.parse(text).error.code }
}
type Asked = { model?: string; claims?: Partial<ServiceClaims>; most?: number }

describe('transcripts', () => {
  test.each([
    ['one window', SHORT, 3],
    ['two windows that overlap', LONG, 41],
    ['an MP3', soundFile('tones.mp3'), 2],
    ['what a browser records', soundFile('tones-live.webm'), 2],
  ])('are those of transformers.js itself: %s', async (_, file, seconds) => {
    const plain = await ask(file, { format: 'hub', language: 'de', timestamps: false })
    const timed = await ask(file, { format: 'hub', language: 'de', timestamps: true })
    expect(JSON.parse(plain.text)).toEqual(await itself(file, { language: 'de', return_timestamps: false }))
    expect(JSON.parse(timed.text)).toEqual(await itself(file, { language: 'de', return_timestamps: true }))
    expect(JSON.parse(plain.text).text.length).toBeGreaterThan(10)
    expect(plain.usage).toMatchObject({ prompt_tokens: seconds })
    expect(plain.usage.completion_tokens).toBeGreaterThan(10)
  })

  test('without a language, the model tells it, by one token more', async () => {
    const told = await ask(SHORT, { format: 'verbose_json', timestamps: true })
    const { language, usage } = JSON.parse(told.text)
    expect(['en', 'de', 'fr']).toContain(language)
    expect(usage).toEqual({ type: 'duration', seconds: 3 })
    const named = await ask(SHORT, { format: 'verbose_json', timestamps: true, language })
    expect(JSON.parse(told.text)).toEqual(JSON.parse(named.text))
    expect(told.usage.completion_tokens).toBe(named.usage.completion_tokens + 1)
    const byName = { en: 'english', de: 'german', fr: 'french' }[language as 'en' | 'de' | 'fr']
    expect((await ask(SHORT, { format: 'json', language: byName })).text).toBe(
      (await ask(SHORT, { format: 'json', language })).text,
    )
  })

  test('a text that went before changes what is heard, and a longer one takes no more room', async () => {
    const without = await ask(SHORT, { language: 'de' })
    const prompt = 'a fox'
    const texts = [without, await ask(SHORT, { language: 'de', prompt })].map(({ text }) => text)
    expect(new Set(texts).size).toBe(2)
    const long = await ask(SHORT, { language: 'de', prompt: 'abc '.repeat(400) })
    expect(long.status).toBe(200)
    expect(long.usage.completion_tokens).toBe(SPEECH_CONTEXT - 4 - SPEECH_CONTEXT / 2)
  })

  test('a model of one language hears in it, and in no other', async () => {
    const { status, usage } = await ask(SHORT, { language: 'en' }, { model: 'english' })
    expect([status, usage.prompt_tokens]).toEqual([200, 3])
    expect((await ask(SHORT, { language: 'de' }, { model: 'english' })).code).toBe('invalid_request')
  })

  test('a window of which nothing is heard is no failure', async () => {
    expect((await ask(wavOf({ samples: [0] }), { format: 'text', timestamps: true })).status).toBe(200)
  })
})

describe('refused before any compute', () => {
  const reserved = (prompt_tokens: number) => ({
    claims: { reserved: { prompt_tokens, output_tokens: 4096 } },
  })
  test.each([
    ['more seconds than are reserved', LONG, {}, reserved(40), 'prompt_exceeds_reservation'],
    ['a language that it does not know', SHORT, { language: 'tlhingan' }, {}, 'invalid_request'],
    ['half a file', SHORT.subarray(0, 3000), {}, {}, 'invalid_request'],
    ['a claim of 4 GiB', wavOf({ samples: [0, 0], claims: 0xffff_ffff }), {}, {}, 'invalid_request'],
    ['no file', new Uint8Array(), {}, {}, 'unsupported_audio'],
    ['more tokens than are reserved', SHORT, {}, { most: 9999 }, 'service_token_invalid'],
  ])('%s', async (_, file, parameters, how, code) => {
    const refused = await ask(file, parameters, how)
    expect([refused.code, refused.usage.total_tokens ?? 0]).toEqual([code, 0])
  })

  test.each([
    ['more in the file than its header says', changed(soundFile('tones.flac'), 24, 0x3e, 0x80), 1],
    ['what cannot be read, at its end', brokenAtItsEnd(), 6],
  ])('but not before it was decoded, which is counted: %s', async (_, file, seconds) => {
    const { code, usage } = await ask(file)
    expect([code, usage.prompt_tokens, usage.completion_tokens]).toEqual(['invalid_request', seconds, 0])
  })

  test('a body that is not framed', async () => {
    const response = await serving.send(
      `POST /v1/tasks/${TASK}`,
      { model: 'many' },
      {
        claims: { scope: `tasks:${TASK}` },
      },
    )
    expect(response.status).toBe(400)
  })
})

test('it ends at the reserved tokens', async () => {
  const { usage } = await ask(LONG, { language: 'de' }, { most: 25 })
  expect(usage).toMatchObject({ prompt_tokens: 41, completion_tokens: 25 })
})

test('it ends when it is cancelled, and says what was computed', async () => {
  const claims = { scope: `tasks:${TASK}`, model: 'many' }
  const jti = crypto.randomUUID()
  const stopped = await slowly(pace, async () => {
    const sent = ask(LONG, {}, { claims: { jti } })
    let answer = new Response(null, { status: 404 })
    while (answer.status === 404)
      answer = await serving.send(`DELETE /v1/requests/${jti}`, undefined, { claims })
    expect(await sent).toMatchObject({ code: 'cancelled', status: 499 })
    return answer
  })
  const { usage } = (await stopped.json()) as { usage: { completion_tokens: number } }
  expect(usage.completion_tokens).toBeLessThan(2 * SPEECH_CONTEXT)
})
