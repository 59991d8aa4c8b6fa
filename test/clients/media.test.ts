import Anthropic from '@anthropic-ai/sdk'
import { InferenceClient } from '@huggingface/inference'
import OpenAI from 'openai'
import { describe, expect, inject, it } from 'vitest'
import { IMAGE_TOKENS } from '../fixtures/graphs/tiny-media.ts'
import { TILE } from '../fixtures/graphs/tiny-vision.ts'
import { pngOf } from '../fixtures/images.ts'
import { tone, wavOf } from '../fixtures/recordings.ts'
import { changed, soundFile } from '../fixtures/sounds.ts'
import { call, newUser, usageEvents } from '../fixtures/stack/client.ts'

const edge = inject('mediaEdge')
const { token } = await newUser('media')
const client = new OpenAI({ baseURL: `${edge}/v1`, apiKey: token, maxRetries: 0 })
const recording = wavOf({ samples: tone(300, 2.5, 44_100), rate: 44_100 })
const picture = pngOf(50, 40, (x, y) => (3 * x + y) % 256)
const file = (bytes = recording, name = 'talk.wav') => new File([bytes], name)
const spoken = () => ({ model: 'speech', file: file(), language: 'de' })

describe('openai', () => {
  it('transcriptions, in each of their forms', async () => {
    const { data, response } = await client.audio.transcriptions.create(spoken()).withResponse()
    expect(data.text.length).toBeGreaterThan(5)
    expect(data.usage).toEqual({ type: 'duration', seconds: 3 })
    expect(response.headers.get('content-type')).toBe('application/json')
    const verbose = await client.audio.transcriptions.create({
      ...spoken(),
      response_format: 'verbose_json',
      timestamp_granularities: ['segment'],
      temperature: 0,
    })
    expect(verbose).toMatchObject({ duration: 2.5, language: 'de' })
    expect(verbose.segments?.length).toBeGreaterThan(0)
    for (const form of ['text', 'srt', 'vtt'] as const) {
      const text = await client.audio.transcriptions.create({ ...spoken(), response_format: form })
      expect(text).toMatch({ text: /^[a-z]/, srt: /^1\n00:/, vtt: /^WEBVTT\n\n00:/ }[form])
    }
  })

  it('transcriptions of other kinds of files, charged by what they sound', async () => {
    for (const name of ['tones.mp3', 'tones.flac', 'tones.opus', 'tones-live.webm'] as const) {
      const asked = {
        ...spoken(),
        file: file(soundFile(name), name),
        response_format: 'verbose_json' as const,
      }
      const { data, request_id } = await client.audio.transcriptions.create(asked).withResponse()
      expect(Number(data.duration)).toBeCloseTo(1.25, 2)
      const [event] = await usageEvents(request_id ?? '')
      expect(event).toMatchObject({ prompt_tokens: '2', outcome: 'ok' })
    }
    // What the edge cannot see: the file holds more than its header says. What was decoded until then is charged, no more than was held.
    const flac = soundFile('tones.flac')
    const lying = { ...spoken(), file: file(changed(flac, 24, 0x3e, 0x80), 'a.flac') }
    const refused = await client.audio.transcriptions.create(lying).catch((thrown: unknown) => thrown)
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request', param: 'file' })
    const [event] = await usageEvents(Object(refused).requestID)
    expect(event).toMatchObject({ outcome: 'refused', prompt_tokens: '1', output_tokens: '0' })
    const other = { ...spoken(), file: file(soundFile('tones-short.m4a'), 'a.m4a') }
    await expect(client.audio.transcriptions.create(other)).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_audio',
      param: 'file',
    })
  })

  it('transcriptions, sent again under an idempotency key', async () => {
    const options = { headers: { 'idempotency-key': 'once' } }
    const asked = { ...spoken(), response_format: 'srt' as const }
    const once = await client.audio.transcriptions.create(asked, options).withResponse()
    // It is kept by its settlement, which comes behind it.
    await usageEvents(once.response.headers.get('x-request-id') ?? '')
    const again = await client.audio.transcriptions.create(asked, options).withResponse()
    expect(again.data).toBe(once.data)
    expect(again.response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(again.response.headers.get('x-request-id')).toBe(once.response.headers.get('x-request-id'))
    const other = client.audio.transcriptions.create({ ...asked, language: 'en' }, options)
    await expect(other).rejects.toMatchObject({ status: 409, code: 'idempotency_key_reused' })
  })

  it('transcriptions, what is refused and what is charged', async () => {
    const user = await newUser('media')
    const own = new OpenAI({ baseURL: `${edge}/v1`, apiKey: user.token, maxRetries: 0 })
    const refused = async (fields: object) =>
      own.audio.transcriptions
        .create({ ...spoken(), ...fields })
        .catch(({ status, code, param }) => ({ status, code, param }))
    const invalid = (param: string) => ({ status: 400, code: 'invalid_request', param })
    expect(
      await refused({ file: file(wavOf({ samples: new Float32Array(61 * 8000), rate: 8000, bits: 8 })) }),
    ).toEqual(invalid('file'))
    expect(await refused({ file: file(wavOf({ samples: [0], claims: 0xffff_ffff })) })).toEqual(
      invalid('file'),
    )
    expect(await refused({ file: file(recording.slice(0, 5000)) })).toEqual(invalid('file'))
    expect(await refused({ language: 'tlh' })).toEqual(invalid('language'))
    expect(await refused({ stream: true })).toEqual(invalid('stream'))
    // What is too large is not read to its end, so the connection may break before the client has the 413.
    const large = await refused({ file: file(new Uint8Array(600_001)) })
    expect([413, undefined]).toContain(Object(large).status)
    expect(await refused({ model: 'classifier' })).toMatchObject({ status: 404, code: 'model_not_found' })
    const { request_id } = await own.audio.transcriptions.create(spoken()).withResponse()
    const [event] = await usageEvents(request_id ?? '')
    expect(event).toMatchObject({
      task: 'automatic-speech-recognition',
      model: 'speech',
      outcome: 'ok',
      prompt_tokens: '3',
    })
    expect(Number(event?.units)).toBe(3 * 100 + Number(event?.output_tokens) * 3)
    const usage = await call('/v1/usage', { token: user.token, edge })
    expect((await usage.json()).units.day).toMatchObject({ used: Number(event?.units), held: 0 })
  })
})

const data = Buffer.from(picture).toString('base64')
const url = `data:image/png;base64,${data}`
/** The tokens of its four tiles and of the whole, with the marks around them. */
const IMAGE = 5 * (TILE.tokens + 2) + 4

describe('openai', () => {
  it('images in a chat, streamed, whole, and as a response', async () => {
    const content = [
      { type: 'image_url' as const, image_url: { url } },
      { type: 'text' as const, text: 'what' },
    ]
    const asked = {
      model: 'seeing',
      messages: [{ role: 'user' as const, content }],
      max_tokens: 8,
      temperature: 0,
    }
    const { data: whole, response } = await client.chat.completions.create(asked).withResponse()
    const answer = whole.choices[0]?.message.content
    expect(whole.usage?.prompt_tokens).toBeGreaterThan(IMAGE)
    const [event] = await usageEvents(response.headers.get('x-request-id') ?? '')
    const prompt = Number(whole.usage?.prompt_tokens)
    expect(event).toMatchObject({
      task: 'chat',
      model: 'seeing',
      outcome: 'ok',
      prompt_tokens: String(prompt),
    })
    expect(Number(event?.units)).toBe(prompt * 5 + Number(event?.output_tokens) * 7)
    let streamed = ''
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? ''
    const { output_text: responded } = await client.responses.create({
      model: 'seeing',
      max_output_tokens: 8,
      temperature: 0,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: url, detail: 'auto' },
            { type: 'input_text', text: 'what' },
          ],
        },
      ],
    })
    expect([streamed, responded]).toEqual([answer, answer])
  })

  it('images, what is refused', async () => {
    const user = await newUser('media')
    const own = new OpenAI({ baseURL: `${edge}/v1`, apiKey: user.token, maxRetries: 0 })
    async function refused(address: string, text = 'what') {
      const content = [
        { type: 'image_url' as const, image_url: { url: address } },
        { type: 'text' as const, text },
      ]
      const asked = { model: 'seeing', messages: [{ role: 'user' as const, content }] }
      const answer = await own.chat.completions.create(asked).catch((thrown: unknown) => thrown)
      const { status, code, param, requestID } = Object(answer)
      return { told: [status, code, param], requestID }
    }
    const param = 'messages[0].content[0].image_url.url'
    const invalid = { told: [400, 'invalid_request', param] }
    expect(await refused('https://images.example/a.png')).toMatchObject(invalid)
    const bomb = Buffer.from(pngOf(65_535, 65_535)).toString('base64')
    expect(await refused(`data:image/png;base64,${bomb}`)).toMatchObject(invalid)
    // What the edge cannot see: there are no pixels behind the header. The hold is given back after the answer.
    const half = Buffer.from(picture.slice(0, 60)).toString('base64')
    const broken = await refused(`data:image/png;base64,${half}`)
    expect(broken.told).toEqual([400, 'invalid_request', 'messages[0].content'])
    const [event] = await usageEvents(broken.requestID)
    expect(event).toMatchObject({ outcome: 'refused', units: '0' })
    // A large image is taken, a large text beside one is not.
    expect((await refused(url, 'a'.repeat(300_000))).told).toEqual([413, 'body_too_large', null])
    const usage = await call('/v1/usage', { token: user.token, edge })
    expect((await usage.json()).units.day).toMatchObject({ used: 0, held: 0 })
  })
})

describe('@anthropic-ai/sdk', () => {
  it('messages with an image, and the count of its prompt', async () => {
    const anthropic = new Anthropic({ baseURL: edge, apiKey: token, maxRetries: 0 })
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data }
    const prompt = {
      model: 'seeing',
      messages: [
        {
          role: 'user' as const,
          content: [
            { type: 'image' as const, source },
            { type: 'text' as const, text: 'what' },
          ],
        },
      ],
    }
    const message = await anthropic.messages.create({ ...prompt, max_tokens: 8 })
    const { input_tokens } = await anthropic.messages.countTokens(prompt)
    expect(message.usage.input_tokens).toBe(input_tokens)
    expect(input_tokens).toBeGreaterThan(IMAGE)
    const address = { type: 'url' as const, url: 'https://images.example/a.png' }
    const refused = anthropic.messages.create({
      ...prompt,
      max_tokens: 8,
      messages: [{ role: 'user', content: [{ type: 'image', source: address }] }],
    })
    await expect(refused).rejects.toMatchObject({ status: 400 })
  })
})

describe('@huggingface/inference', () => {
  const at = (task: string) => new InferenceClient(token, { endpointUrl: `${edge}/v1/tasks/${task}` })

  it('automaticSpeechRecognition', async () => {
    const speech = at('automatic-speech-recognition')
    const { text } = await speech.automaticSpeechRecognition({ data: new Blob([recording]) })
    expect(text.length).toBeGreaterThan(5)
    expect(
      await speech.automaticSpeechRecognition({ data: new Blob([recording], { type: 'audio/wav' }) }),
    ).toEqual({ text })
  })

  it('imageClassification and imageToText', async () => {
    const labels = await at('image-classification').imageClassification({ data: new Blob([picture]) })
    expect(labels.map(({ label }) => label).sort()).toEqual(['cat', 'dog', 'sun'])
    const inputs = Buffer.from(picture).toString('base64')
    const body = { inputs, parameters: { top_k: 1 } }
    const response = await call('/v1/tasks/image-classification', { token, edge, body })
    expect(await response.json()).toEqual(labels.slice(0, 1))
    const { generated_text } = await at('image-to-text').imageToText({
      data: new Blob([picture], { type: 'image/png' }),
    })
    expect(generated_text).toMatch(/^[a-z ]+$/)
    const captioned = await call('/v1/tasks/image-to-text', { token, edge, body: { inputs } })
    const [event] = await usageEvents(captioned.headers.get('x-request-id') ?? '')
    expect(event).toMatchObject({ task: 'image-to-text', prompt_tokens: String(IMAGE_TOKENS), outcome: 'ok' })
  })

  it('files that are refused', async () => {
    const status = (task: string, blob: Blob) =>
      at(task)
        .imageToText({ data: blob })
        .then(
          () => 200,
          ({ httpResponse }) => httpResponse?.status,
        )
    expect(await status('image-to-text', new Blob([pngOf(65_535, 65_535)]))).toBe(400)
    expect(await status('image-to-text', new Blob([picture.slice(0, 60)]))).toBe(400)
    expect(await status('image-to-text', new Blob([picture], { type: 'audio/wav' }))).toBe(415)
    expect(await status('automatic-speech-recognition', new Blob([picture]))).toBe(400)
  })
})
