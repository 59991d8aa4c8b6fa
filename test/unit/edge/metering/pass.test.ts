import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../../edge/budget/port.ts'
import type { Held } from '../../../../edge/metering/held.ts'
import { meter } from '../../../../edge/metering/meter.ts'
import type { HostUsage } from '../../../../edge/upstream/port.ts'
import type { EngineEvent } from '../../../../inference-host/work/engine.ts'
import type { TwohopError } from '../../../../shared/errors.ts'
import { NO_SPAN } from '../../../../shared/tracing/port.ts'
import { modelOf } from '../../../fixtures/catalog.ts'
import { CHAT, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

const WORST = { promptTokens: 50, outputTokens: 20, units: 130 }
const SAID: HostUsage = { promptTokens: 9, outputTokens: 5, computeMs: 3 }
const ALL: HostUsage = { promptTokens: 50, outputTokens: 20, computeMs: 0 }

/** A reservation of a stream; what it was settled by, and which errors were told. */
function holding({ includeUsage = false, reservedComputeMs = 0 } = {}) {
  const settlements: [Outcome, HostUsage | undefined][] = []
  const told: string[] = []
  const over = Promise.withResolvers<void>()
  const held: Held = {
    requestId: 'r1',
    account: 'firebase:demo:u1',
    plan: 'free',
    version: undefined,
    weight: 1,
    work: {
      task: 'chat',
      model: modelOf('twohop-chat'),
      path: '/v1/chat/completions',
      request: {},
      stream: true,
      includeUsage,
      worst: WORST,
    },
    reservedComputeMs,
    elapsedMs: () => 100,
    allowance: {} as Held['allowance'],
    repeatable: false,
    cacheable: false,
    calling: () => NO_SPAN,
    first() {},
    begun() {},
    chargeJudge: () => {},
    spare: undefined,
    settled: over.promise,
    brokeOff: (error) => void told.push((error as TwohopError).code),
    settle(outcome, used) {
      settlements.push([outcome, used])
      over.resolve()
    },
  }
  return { held, settlements, told, over: over.promise }
}

/** The host's answer through a pipe, as the client of `signal` gets it. */
function piped(
  body: ReadableStream<Uint8Array>,
  {
    said,
    client = new AbortController(),
    reservedComputeMs = 0,
  }: { said?: HostUsage | undefined; client?: AbortController; reservedComputeMs?: number } = {},
) {
  const holder = holding({ reservedComputeMs })
  const [stop, ask] = [vi.fn(async () => said), vi.fn(async () => said)]
  const passing = { createPipe: () => new TransformStream(), ask }
  const answer = meter(holder.held, new Response(body), client.signal, stop, passing)
  const calls = () => ({ asked: ask.mock.calls.length, stopped: stop.mock.calls.length })
  return { ...holder, calls, client, answer }
}

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`
const bytes = (text: string) => new TextEncoder().encode(text)
const TOKEN = event({ choices: [{ index: 0, delta: { content: 'Hi' } }] })
const WHOLE = `${TOKEN}data: [DONE]\n\n`

/** A stream of this text; then it ends, breaks or hangs, and hears if it is cancelled. */
function stream(text: string, then: 'ends' | 'breaks' | 'hangs' = 'ends', cancelled = () => {}) {
  let sent = false
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent) {
        sent = true
        return controller.enqueue(bytes(text))
      }
      if (then === 'ends') controller.close()
      if (then === 'breaks') controller.error(new TypeError('Network connection lost.'))
      return then === 'hangs' ? new Promise(() => {}) : undefined
    },
    cancel: cancelled,
  })
}

describe('a stream that the host wrote for the client', () => {
  it('is passed on as it is, and settled by what the host says afterwards', async () => {
    const { answer, settlements, over, calls } = piped(stream(WHOLE), { said: SAID })
    const response = await answer
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(await response.text()).toBe(WHOLE)
    await over
    expect([settlements, calls()]).toEqual([[['ok', SAID]], { asked: 1, stopped: 0 }])
  })

  it.each([
    ['cannot say what it was', undefined],
    ['says more output than was reserved', { promptTokens: 9, outputTokens: 21, computeMs: 3 }],
    ['says more prompt than was reserved', { promptTokens: 51, outputTokens: 2, computeMs: 3 }],
  ])('whose host %s is charged as reserved', async (_, said) => {
    const { answer, settlements, over } = piped(stream(WHOLE), { said })
    await (await answer).text()
    await over
    expect(settlements).toEqual([['ok', { ...ALL, computeMs: said?.computeMs ?? 0 }]])
  })

  it('whose host cannot say how long it computed pays for all that the hold covers', async () => {
    const { answer, settlements, over } = piped(stream(WHOLE), { reservedComputeMs: 7000 })
    await (await answer).text()
    await over
    expect(settlements).toEqual([['ok', { ...ALL, computeMs: 7000 }]])
  })

  it.each([
    ['the host says what it computed', SAID, SAID],
    ['nobody can say anything', undefined, ALL],
  ])('that breaks off ends with host_failed, and where %s it is settled by that', async (_, said, used) => {
    const { answer, settlements, over, told } = piped(stream(TOKEN, 'breaks'), { said })
    const text = await (await answer).text()
    expect(text.startsWith(TOKEN)).toBe(true)
    expect(JSON.parse(text.slice(TOKEN.length + 'data: '.length))).toMatchObject({
      error: { code: 'host_failed', request_id: 'r1' },
    })
    await over
    expect([settlements, told]).toEqual([[['failed', used]], ['host_failed']])
  })

  it('whose client goes away is settled at once, though nobody reads', async () => {
    const client = new AbortController()
    const { answer, settlements, over, told, calls } = piped(stream(TOKEN, 'hangs'), { client, said: SAID })
    await answer
    client.abort()
    await over
    expect([settlements, told, calls()]).toEqual([[['cancelled', SAID]], [], { asked: 0, stopped: 1 }])
  })

  it('whose client was gone before it began is settled too', async () => {
    const client = new AbortController()
    client.abort()
    const { answer, settlements, over, told, calls } = piped(stream(TOKEN, 'breaks'), {
      client,
      said: SAID,
    })
    await answer
    await over
    expect([settlements, told, calls()]).toEqual([[['cancelled', SAID]], [], { asked: 0, stopped: 1 }])
  })

  it('whose reader stops reading, with no word of the client, counts as cancelled', async () => {
    const cancelled = vi.fn()
    const { answer, settlements, over, told } = piped(stream(TOKEN, 'hangs', cancelled))
    const reader = (await answer).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await over
    expect([settlements, told, cancelled.mock.calls.length]).toEqual([[['cancelled', ALL]], [], 1])
  })

  it('that takes longer than the deadline ends with host_timeout', async () => {
    const deadline = new AbortController()
    const late = new DOMException('late', 'TimeoutError')
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes(TOKEN))
        deadline.signal.addEventListener('abort', () => controller.error(late))
      },
    })
    const { answer, settlements, over, told } = piped(body, { client: deadline, said: SAID })
    const reader = (await answer).body?.getReader()
    await reader?.read()
    deadline.abort(late)
    const { value } = (await reader?.read()) ?? {}
    expect(new TextDecoder().decode(value)).toContain('"code":"host_timeout"')
    expect((await reader?.read())?.done).toBe(true)
    await over
    // The log is written once the client has been told.
    await new Promise(setImmediate)
    expect([settlements, told]).toEqual([[['failed', SAID]], ['host_timeout']])
  })

  it('needs a stream', async () => {
    const { held, settlements } = holding()
    const answer = meter(held, new Response(null), new AbortController().signal, async () => SAID, {
      createPipe: () => new TransformStream(),
      ask: async () => SAID,
    })
    await expect(answer).rejects.toMatchObject({ code: 'host_failed' })
    expect(settlements).toEqual([])
  })
})

describe('a whole answer that the host wrote for the client', () => {
  const COUNTED = {
    'x-usage': '{"prompt_tokens":9,"completion_tokens":5}',
    'x-timing': '{"queue_ms":0,"compute_ms":3}',
  }
  const TEXT = '{"choices":[]}'

  /** What becomes of an answer with these headers, of which nothing has been read yet. */
  async function answered(headers: Record<string, string>, text = TEXT) {
    const { held, settlements } = holding()
    held.work = { ...held.work, stream: false }
    const host = new Response(text, { headers: { 'content-length': `${text.length}`, ...headers } })
    const none = async () => undefined
    const passing = { createPipe: () => new TransformStream(), ask: none }
    const response = await meter(held, host, new AbortController().signal, none, passing)
    return { isUnread: response.body === host.body, text: await response.text(), response, settlements }
  }

  it('passes unread, and is settled by the headers before it has ended', async () => {
    const { isUnread, text, response, settlements } = await answered(COUNTED)
    expect({ isUnread, text, settlements }).toEqual({
      isUnread: true,
      text: TEXT,
      settlements: [['ok', SAID]],
    })
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'no-store',
    })
  })

  it('costs all that was reserved where it says that it cost more', async () => {
    const { isUnread, settlements } = await answered({
      ...COUNTED,
      'x-usage': '{"prompt_tokens":9,"completion_tokens":21}',
    })
    expect({ isUnread, settlements }).toEqual({
      isUnread: true,
      settlements: [['ok', { ...ALL, computeMs: 3 }]],
    })
  })

  it.each<[string, Record<string, string>, string, HostUsage]>([
    [
      'whose counts are in the body alone',
      { 'x-usage': '' },
      '{"usage":{"prompt_tokens":2}}',
      { ...ALL, promptTokens: 2, outputTokens: 0 },
    ],
    ['whose header counts below zero', { 'x-usage': '{"prompt_tokens":-1}' }, TEXT, ALL],
    ['that comes in chunks', { ...COUNTED, 'transfer-encoding': 'chunked' }, TEXT, SAID],
    ['that is compressed', { ...COUNTED, 'content-encoding': 'identity' }, TEXT, SAID],
    [
      'that is longer than a client should keep open',
      { ...COUNTED, 'content-length': '1048577' },
      TEXT,
      SAID,
    ],
    ['whose length is no number', { ...COUNTED, 'content-length': 'long' }, TEXT, SAID],
  ])('is read %s', async (_, headers, text, used) => {
    const answer = await answered(headers, text)
    expect({ isUnread: answer.isUnread, text: answer.text, settlements: answer.settlements }).toEqual({
      isUnread: false,
      text,
      settlements: [['ok', used]],
    })
  })

  it('is refused where it states more bytes than are accepted', async () => {
    await expect(answered({ ...COUNTED, 'content-length': `${16 * 1024 * 1024 + 1}` })).rejects.toMatchObject(
      {
        code: 'host_failed',
      },
    )
  })
})

describe('read or passed on', () => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterAll(() => void vi.useRealTimers())

  /** What the client sees of a run of the real host, by one of the two ways. */
  async function seen(events: EngineEvent[], ends: boolean, includeUsage: boolean, way: 'read' | 'passed') {
    const { send, arrived } = await createHandApp()
    const stream_options =
      way === 'read' ? { include_usage: true } : { include_usage: includeUsage, for_client: true }
    const asked = { ...CHAT, max_tokens: 20, stream: true, logprobs: 1, stream_options }
    const reserved = { prompt_tokens: 50, output_tokens: 20 }
    const answering = send('POST /v1/chat/completions', asked, { jti: 'r1', reserved })
    const run = await arrived()
    run.report({ type: 'started', promptTokens: 5 })
    const answer = await answering
    const { held } = holding({ includeUsage })
    const said = async () => SAID
    const passing = way === 'passed' ? { createPipe: () => new TransformStream(), ask: said } : undefined
    const passed = await meter(held, answer, new AbortController().signal, said, passing)
    const text = passed.text()
    for (const one of events) run.report(one)
    const counts = { promptTokens: 5, outputTokens: events.length, computeMs: 2 }
    run.end(ends ? DONE : { how: 'failed' }, counts)
    return text
  }

  const anyText = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      '',
      '"usage":',
      '"error": {',
      '\n\n',
      '}\n\ndata: [DONE]',
      '\u2028',
      '\ud800',
      '\\"timing":',
      '😀',
    ),
  )
  const anyLogprob = fc.record({
    token: anyText,
    logprob: fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }),
  })

  it('a client sees the same bytes, whatever the model writes, whether the answer ends or fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyText, fc.option(anyLogprob, { nil: undefined })), { maxLength: 8 }),
        fc.boolean(),
        fc.boolean(),
        async (tokens, ends, includeUsage) => {
          const events = tokens.map(
            ([text, logprob], i): EngineEvent => ({
              type: 'token',
              text,
              outputTokens: i + 1,
              ...(logprob && {
                logprobs: [{ ...logprob, bytes: [], top_logprobs: [{ ...logprob, bytes: [] }] }],
              }),
            }),
          )
          const [read, passed] = await Promise.all([
            seen(events, ends, includeUsage, 'read'),
            seen(events, ends, includeUsage, 'passed'),
          ])
          expect(passed).toBe(read)
          expect(passed.includes('[DONE]\n\n') && passed.endsWith('data: [DONE]\n\n')).toBe(ends)
          expect(passed.includes('"timing":{')).toBe(false)
        },
      ),
      { numRuns: 100 },
    )
  }, 60_000)
})
