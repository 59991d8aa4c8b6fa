import { expect, it } from 'vitest'
import { opusPackets } from '../../../shared/sounds/opus.ts'
import { running } from '../../fixtures/each-postgres.ts'
import { SPEECH_CONTEXT } from '../../fixtures/graphs/tiny-media.ts'
import { TILE } from '../../fixtures/graphs/tiny-vision.ts'
import { pngOf, webpHeader } from '../../fixtures/images.ts'
import { mediaCatalog } from '../../fixtures/media-catalog.ts'
import { slowly } from '../../fixtures/pace.ts'
import { tone, wavOf } from '../../fixtures/recordings.ts'
import { brokenAtItsEnd, changed, oggOf, opusHeaders, soundFile } from '../../fixtures/sounds.ts'
import { describeOneRedis } from '../budget/each-redis.ts'
import { mediaHops, type Row, refusalOf } from './media-hops.ts'

/** Prices in units, by the catalog. */
const [SECOND, LETTER] = [100, 3]
const flac = soundFile('tones.flac')
/** Three windows. */
const LONG = wavOf({ samples: tone(200, 55, 8000), rate: 8000, bits: 8 })

const MOST = 8
const { image_tokens = 0, overhead, prices } = modelOf('seeing')
const urlOf = (file: Uint8Array) => `data:image/png;base64,${Buffer.from(file).toString('base64')}`
const PICTURE = urlOf(pngOf(50, 40, (x, y) => (3 * x + y) % 256))

/** A chat that shows an image. */
const seeing = (url: string) => ({
  model: 'seeing',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url } },
        { type: 'text', text: 'what' },
      ],
    },
  ],
  max_tokens: MOST,
  temperature: 0,
})

function modelOf(wanted: string) {
  const model = mediaCatalog.models.find(({ id }) => id === wanted)
  if (!model) throw new Error(`the catalog has no ${wanted}`)
  return model
}

/** A minute of Opus, which takes a while to decode. */
function aMinute(): Uint8Array<ArrayBuffer> {
  const packets = [...opusPackets(soundFile('tones.opus')).packets].map(({ data }) => data)
  const all = Array.from({ length: 45 }, () => packets).flat()
  return oggOf([...opusHeaders(), ...all], 48_000 * 59)
}

/**
 * Milliseconds that are added to each step of a model whose client leaves: an answer of 8 tokens then takes 8 s, and a busy machine
 * brings the leaving to the host in one or two.
 */
const STEP_MS = 1000

/** How often an event is looked for, in milliseconds. */
const SOON = { interval: 5 }

describeOneRedis('sounds and images through both hops', (redis) => {
  const hops = mediaHops(redis, running())

  /** The host's run of a row, once its counts are what is charged. */
  async function counted(row: Row) {
    const run = await hops.ran(row)
    expect([row.prompt_tokens, row.output_tokens].map(String)).toEqual([run.prompt_tokens, run.output_tokens])
    return run
  }

  it.each([
    ['breaks off after five seconds', brokenAtItsEnd(), 6],
    ['holds more than its header says', changed(flac, 24, 0x3e, 0x80), 1],
  ])('a recording that %s costs what was decoded of it', async (_, file, seconds) => {
    expect(await refusalOf(await hops.transcribe(file))).toEqual([400, 'invalid_request', 'file'])
    const row = await hops.settled()
    const run = await hops.ran(row)
    expect(row).toMatchObject({ outcome: 'refused', task: 'automatic-speech-recognition', output_tokens: 0 })
    expect([row.prompt_tokens, row.units]).toEqual([seconds, seconds * SECOND])
    expect([run.code, Number(run.prompt_tokens)]).toEqual(['invalid_request', seconds])
  })

  it.each([
    [
      'says 10 h and has a second',
      wavOf({ samples: tone(200, 1), claims: 36_000 * 32_000 }),
      'invalid_request',
    ],
    [
      'is longer than the plan allows',
      wavOf({ samples: new Float32Array(61 * 8000), rate: 8000, bits: 8 }),
      'invalid_request',
    ],
    ['has a sample a second', wavOf({ samples: [0, 0], rate: 1 }), 'invalid_request'],
    ['has 384,000 samples a second', wavOf({ samples: [0, 0], rate: 384_000 }), 'invalid_request'],
    ['has no samples', wavOf({ samples: [] }), 'invalid_request'],
    ['has nine channels', wavOf({ samples: new Float32Array(9), channels: 9 }), 'invalid_request'],
    ['is FLAC of 10 h by its header', changed(flac, 22, 0x60, 0, 0, 0), 'invalid_request'],
    ['is another kind of file', soundFile('tones-short.m4a'), 'unsupported_audio'],
  ])('a recording that %s is refused for nothing', async (_, file, code) => {
    expect(await refusalOf(await hops.transcribe(file))).toEqual([400, code, 'file'])
    await hops.nothing()
  })

  it('a client that leaves as its recording is begun pays for what was decoded until then, and nothing goes on', async () => {
    const client = new AbortController()
    await slowly(
      hops.pace(),
      async () => {
        const answer = hops.transcribe(aMinute(), client.signal)
        const left = expect(answer).rejects.toThrow()
        const begun = () => hops.figure('num_requests_running', 'speech')
        await expect.poll(begun, SOON).toBe(1)
        client.abort()
        await left
        const row = await hops.settled()
        const run = await counted(row)
        expect([row.outcome, run.code]).toEqual(['cancelled', 'cancelled'])
        expect(row.prompt_tokens).toBeLessThanOrEqual(59)
        expect(row.units).toBe(row.prompt_tokens * SECOND + row.output_tokens * LETTER)
      },
      STEP_MS,
    )
    expect(await hops.figure('num_requests_running', 'speech')).toBe(0)
  })

  it('a client that leaves while it is transcribed pays for all seconds and what was written', async () => {
    const client = new AbortController()
    const begun = await hops.figure('time_to_first_token_seconds_count', 'speech')
    await slowly(
      hops.pace(),
      async () => {
        const left = expect(hops.transcribe(LONG, client.signal)).rejects.toThrow()
        const written = () => hops.figure('time_to_first_token_seconds_count', 'speech')
        await expect.poll(written, SOON).toBe(begun + 1)
        client.abort()
        await left
        const row = await hops.settled()
        const run = await hops.ran(row)
        expect([row.outcome, row.prompt_tokens, run.code]).toEqual(['cancelled', 55, 'cancelled'])
        expect(String(row.output_tokens)).toBe(run.output_tokens)
        expect(row.output_tokens).toBeGreaterThan(0)
        expect(row.output_tokens).toBeLessThan(3 * SPEECH_CONTEXT)
        expect(row.units).toBe(55 * SECOND + row.output_tokens * LETTER)
        expect(row.reserved_units).toBe(55 * SECOND + 3 * SPEECH_CONTEXT * LETTER)
      },
      STEP_MS,
    )
  })

  it.each([true, false])(
    'an image in a chat is reserved and charged as the catalog says; streamed: %s',
    async (stream) => {
      const answer = await hops.send('/v1/chat/completions', { ...seeing(PICTURE), stream })
      expect(answer.status).toBe(200)
      await answer.text()
      const row = await hops.settled()
      await counted(row)
      expect(row).toMatchObject({ task: 'chat', model: 'seeing', outcome: 'ok' })
      expect(row.prompt_tokens).toBeGreaterThan(image_tokens)
      expect(row.units).toBe(row.prompt_tokens * prices.prompt + row.output_tokens * prices.output)
      const most = image_tokens + 'what'.length + overhead.request + overhead.item
      expect(row.reserved_units).toBe(most * prices.prompt + MOST * prices.output)
    },
  )

  it('a client that leaves while it is told of an image pays for the image and what was written', async () => {
    const client = new AbortController()
    await slowly(
      hops.pace(),
      async () => {
        const asked = { ...seeing(PICTURE), stream: true }
        const answer = await hops.send('/v1/chat/completions', asked, client.signal)
        await answer.body?.getReader().read()
        client.abort()
        const row = await hops.settled()
        const run = await counted(row)
        expect([row.outcome, run.code]).toEqual(['cancelled', 'cancelled'])
        expect(row.prompt_tokens).toBeGreaterThan(image_tokens)
        expect(row.units).toBe(row.prompt_tokens * prices.prompt + row.output_tokens * prices.output)
      },
      STEP_MS,
    )
  })

  it.each([
    ['an address', 'https://images.example/a.png'],
    ['an address within', 'http://127.0.0.1:8080/a.png'],
    ['a file of the machine', 'file:///etc/passwd'],
    ['a bomb', urlOf(pngOf(65_535, 65_535))],
    ['a bomb in WebP', urlOf(webpHeader('VP8X', 16_384, 16_384))],
    ['a GIF', urlOf(Buffer.from('GIF89a\x01\0\x01\0\0\0\0;'))],
    ['a drawing in XML', urlOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))],
    ['a recording', urlOf(LONG)],
    ['nothing', 'data:image/png;base64,'],
  ])('%s for an image in a chat is refused for nothing, streamed or whole', async (_, url) => {
    for (const stream of [true, false]) {
      const answer = await hops.send('/v1/chat/completions', { ...seeing(url), stream })
      expect(await refusalOf(answer)).toEqual([
        400,
        'invalid_request',
        'messages[0].content[0].image_url.url',
      ])
    }
    await hops.nothing()
  })

  it.each([
    ['without its pixels', urlOf(pngOf(4000, 4000))],
    ['of one line', urlOf(pngOf(16_000, 1, () => 0))],
  ])('an image in a chat %s, which only the host sees, costs nothing', async (_, url) => {
    const answer = await hops.send('/v1/chat/completions', seeing(url))
    expect(await refusalOf(answer)).toEqual([400, 'invalid_request', 'messages[0].content'])
    expect(await hops.settled()).toMatchObject({ outcome: 'refused', units: 0, prompt_tokens: 0 })
  })

  it('an image in a chat that is broken costs the images before it, which were decoded', async () => {
    const { messages, ...asked } = seeing(PICTURE)
    const [first] = messages
    const broken = { type: 'image_url', image_url: { url: urlOf(pngOf(50, 40)) } }
    const content = [...(first?.content ?? []), broken]
    const answer = await hops.send('/v1/chat/completions', {
      ...asked,
      messages: [{ role: 'user', content }],
    })
    expect(await refusalOf(answer)).toEqual([400, 'invalid_request', 'messages[0].content'])
    const row = await hops.settled()
    expect(row).toMatchObject({ outcome: 'refused', prompt_tokens: 5 * TILE.tokens, output_tokens: 0 })
    expect(row.units).toBe(row.prompt_tokens * prices.prompt)
  })

  it('a job of recordings is charged in one row, what is broken by what was decoded of it', async () => {
    const inputs = [flac, brokenAtItsEnd()].map((file) => ({
      ...{ model: 'speech', language: 'de' },
      file: Buffer.from(file).toString('base64'),
    }))
    const { results } = await hops.job('/v1/audio/transcriptions', inputs)
    expect(results).toMatchObject([
      { index: 0, status: 200, body: { usage: { seconds: 2 } } },
      { index: 1, status: 400, body: { error: { code: 'invalid_request', param: 'file' } } },
    ])
    const row = await hops.settled()
    expect(row).toMatchObject({ outcome: 'ok', task: 'automatic-speech-recognition', prompt_tokens: 2 + 6 })
    expect(row.units).toBe((2 + 6) * SECOND + row.output_tokens * LETTER)
  })

  it('a job of chats with images is charged as these are, one without pixels for nothing', async () => {
    const inputs = [seeing(PICTURE), seeing(urlOf(pngOf(50, 40)))]
    const { results } = await hops.job('/v1/chat/completions', inputs)
    expect(results).toMatchObject([
      { index: 0, status: 200 },
      { index: 1, status: 400, body: { error: { code: 'invalid_request', param: 'messages[0].content' } } },
    ])
    const row = await hops.settled()
    expect(row.prompt_tokens).toBeGreaterThan(image_tokens)
    expect(row.prompt_tokens).toBeLessThan(2 * image_tokens)
    expect(row.units).toBe(row.prompt_tokens * prices.prompt + row.output_tokens * prices.output)
  })

  it.each([
    ['/v1/audio/transcriptions', { model: 'speech', file: 'AAAA' }, 'unsupported_audio', 'body.file'],
    ['/v1/tasks/image-to-text', { model: 'captioner', inputs: 'AAAA' }, 'invalid_request', 'body.inputs'],
    [
      '/v1/chat/completions',
      seeing('https://images.example/a.png'),
      'invalid_request',
      'body.messages[0].content[0].image_url.url',
    ],
  ])(
    'a job of what is no file is refused by its field, for nothing: %s',
    async (endpoint, body, code, param) => {
      expect(await refusalOf(await hops.send('/v1/jobs', { endpoint, body }))).toEqual([400, code, param])
      await hops.nothing()
    },
  )
})
