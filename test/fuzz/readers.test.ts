import { createParser } from 'eventsource-parser'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { readError } from '../../client/index.ts'
import { createEventReader } from '../../edge/metering/events.ts'
import { createMessageReader } from '../../edge/upstream/anthropic-stream.ts'
import { hostStream, type VendorStream } from '../../edge/upstream/foreign-stream.ts'
import { createOpenAIStream } from '../../edge/upstream/openai-stream.ts'
import { createTallies, type Tally } from '../../edge/upstream/tally.ts'
import { TwohopError } from '../../shared/errors.ts'
import { isShallow } from '../../shared/json-depth.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { readBody } from '../../shared/read-bounded.ts'
import { readSound } from '../../shared/sounds/sound.ts'
import { soundFile } from '../fixtures/sounds.ts'
import { FUZZ_SEED, fuzzCount } from './count.ts'

// Readers by themselves: what stands between the network and JSON, on any bytes in any pieces.

const runs = { numRuns: fuzzCount(1000), seed: FUZZ_SEED }
const utf8 = new TextEncoder()

/** Texts that look like a stream of events for a while, and bytes that are nothing. */
const line = fc.oneof(
  fc.constantFrom(
    'data: [DONE]',
    'data:',
    'event: error',
    ': comment',
    'id: 1',
    'retry: 9',
    'data: {"',
    '\r',
    '\ufeff',
  ),
  fc.constantFrom(
    'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}',
    'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}',
    'data: {"error":{"message":"no"}}',
    'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"a"}}',
    'event: message_stop\ndata: {"type":"message_stop"}',
  ),
  fc.jsonValue({ maxDepth: 3 }).map((value) => `data: ${JSON.stringify(value)}`),
  fc.string({ maxLength: 20 }),
)
const stream = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(line, { maxLength: 12 }).map((lines) => utf8.encode(`${lines.join('\n\n')}\n\n`)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
)
const cuts = fc.array(fc.nat(), { maxLength: 20 })

/** `bytes` in pieces that end at these places. */
function pieces(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(0, -1).map((from, i) => bytes.subarray(from, at[i + 1]))
}

function streamOf(all: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...all]
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift()
      if (piece === undefined) controller.close()
      // A stream of bytes has no empty pieces.
      else controller.enqueue(piece)
    },
  })
}

const WORST = { promptTokens: 50, outputTokens: 1000, units: 4050 }

/** What the reader of the own host's streams makes of pieces. */
function readByHost(all: readonly Uint8Array[], includeUsage: boolean) {
  const reader = createEventReader({ includeUsage, worst: WORST }, 'r1')
  const out = all.map((piece) => reader.read(piece)).join('')
  return { out, done: reader.done, broken: reader.broken, final: reader.final, seen: reader.seen }
}

it("the reader of the host's events says the same of all cuts, and throws at none", async () => {
  await fc.assert(
    fc.property(stream, cuts, fc.boolean(), (bytes, places, includeUsage) => {
      const whole = readByHost([bytes], includeUsage)
      const cut = readByHost(pieces(bytes, places), includeUsage)
      expect([cut.done, cut.broken]).toEqual([whole.done, whole.broken])
      if (!whole.broken) expect(cut).toEqual(whole)
      // Every event that goes on is one line of JSON, or the end.
      createParser({
        onEvent: ({ data }) => void (data === '[DONE]' || JSON.parse(data)),
      }).feed(cut.out)
    }),
    runs,
  )
})

/** What a vendor's stream becomes: its text, or the code of why it broke off. */
async function readVendor(all: readonly Uint8Array[], createReader: (tally: Tally) => VendorStream) {
  const reserved = { promptTokens: 50, outputTokens: 1000 }
  const tally = createTallies({ broken: 'bytes', now: () => 0 }).open({
    requestId: 'r',
    reserved,
    deadline: 1,
  })
  const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' } as const
  let text = ''
  try {
    const vendor = createReader(tally)
    const read = await hostStream(streamOf(all), { vendor, tally, head, answers: 1 })
    for await (const piece of read) text += new TextDecoder().decode(piece)
    return { text, end: 'done' }
  } catch (error) {
    return { text, end: String(Object(error).code) }
  }
}

it.each([
  ['OpenAI', createOpenAIStream],
  ['Anthropic', createMessageReader],
])(
  'the reader of streams of %s says the same of all cuts, and breaks off with a code',
  async (_, createReader) => {
    await fc.assert(
      fc.asyncProperty(stream, cuts, async (bytes, places) => {
        const whole = await readVendor([bytes], createReader)
        const cut = await readVendor(pieces(bytes, places), createReader)
        expect(cut).toEqual(whole)
        expect(whole.end).toMatch(/^(done|host_\w+)$/)
      }),
      runs,
    )
  },
)

it('a body is the same bytes in all pieces, and never more than its bound', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), cuts, fc.nat(300), async (bytes, places, most) => {
      const body = streamOf(pieces(bytes, places))
      const request = new Request('http://edge/', { method: 'POST', body, duplex: 'half' } as RequestInit)
      const read = await readBody(request, { most, timeoutMs: 10_000 }).catch(({ code }) => String(code))
      expect(read).toEqual(bytes.length > most ? 'body_too_large' : bytes)
    }),
    runs,
  )
})

it('JSON is read as JSON.parse reads it, or is none, and its depth is known without recursion', async () => {
  const nested = fc
    .tuple(fc.nat(3000), fc.constantFrom('[', '{"a":'))
    .map(([levels, open]) => open.repeat(levels))
  await fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), nested), (text) => {
      const value = parseJson(text)
      if (value !== undefined) expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)))
      isShallow(value)
    }),
    runs,
  )
  const deep = parseJson(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
  expect(isShallow(deep)).toBe(false)
})

it("the client's reader of errors takes any answer and any thing that was thrown", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.jsonValue(),
      fc.integer({ min: 200, max: 599 }),
      async (bytes, value, status) => {
        const body = status === 204 || status === 205 || status === 304 ? null : new Blob([bytes])
        await readError(new Response(body, { status }))
        await readError(value)
        await readError({ error: value, status })
      },
    ),
    runs,
  )
})

it('the reader of recordings tells a length or why not, of any bytes', async () => {
  const files = (['tones.mp3', 'tones.flac', 'tones.opus', 'tones.webm', 'tones-live.webm'] as const).map(
    soundFile,
  )
  const change = fc.tuple(fc.nat(), fc.nat(255))
  const broken = fc
    .tuple(fc.constantFrom(...files), fc.array(change, { maxLength: 20 }), fc.nat())
    .map(([file, changes, end]) => {
      const copy = file.slice(0, file.length - (end % 3 === 0 ? end % file.length : 0))
      // Most of what is read lies at the beginning.
      for (const [at, byte] of changes) copy[at % (at % 2 ? 300 : Math.max(1, copy.length))] = byte
      return copy
    })
  await fc.assert(
    fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        const { frames, rate } = readSound(bytes, 'file')
        expect(frames / rate).toBeGreaterThan(0)
        expect(frames / rate).toBeLessThanOrEqual(3600)
      } catch (error) {
        if (!(error instanceof TwohopError)) throw error
        expect(['invalid_request', 'unsupported_audio']).toContain(error.code)
      }
    }),
    runs,
  )
})
