import { describe, expect, it } from 'vitest'
import { createHostLoad } from '../../../../edge/upstream/host-load.ts'
import { pause } from '../../../../edge/upstream/in-time.ts'
import {
  HostRefusal,
  type HostUsage,
  NothingComputed,
  type UpstreamCaller,
} from '../../../../edge/upstream/port.ts'
import { createRouter } from '../../../../edge/upstream/router.ts'
import { responsesForm } from '../../../../edge/write/responses.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { chunk, closing, opening } from '../../../fixtures/host-chunks.ts'
import { unreadLog } from '../../../fixtures/log.ts'
import { chat, contentOf, event, last, request, SAID, stream, TAG, token } from '../../../fixtures/metered.ts'
import { echo } from '../../../fixtures/response-echo.ts'

describe('a stream', () => {
  it('that comes whole is passed on without the counts, and settled by the last of them', async () => {
    const { response, settled, host } = await request(() =>
      stream([token('Hel', 1), token('lo', 2), last(9, 3), event('[DONE]')]),
    )
    const text = await response.text()
    expect(contentOf(text)).toBe('Hello')
    expect(text).not.toContain('usage')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await settled()).toEqual({ outcome: 'ok', units: 9 + 3 * 4, promptTokens: 9, outputTokens: 3 })
    expect(host.cancel).not.toHaveBeenCalled()
  })

  it('has the counts in its last chunk when they were asked for, and null before', async () => {
    const { response } = await request(() => stream([token('Hi', 1), last(9, 2), event('[DONE]')]), {
      changes: { includeUsage: true },
    })
    const chunks = [...(await response.text()).matchAll(/^data: (\{.*)$/gm)].map(([, json]) =>
      JSON.parse(json ?? ''),
    )
    expect(chunks.map(({ usage }) => usage?.total_tokens ?? null)).toEqual([null, 11])
  })

  it.each([
    ['breaks', () => stream([token('Hi', 1)], new Error('reset'))],
    ['ends without [DONE]', () => stream([token('Hi', 1)])],
    ['is no JSON', () => stream([token('Hi', 1), event('{"choices"')])],
    ['is JSON of something else', () => stream([token('Hi', 1), event('null')])],
    ['reports an error', () => stream([token('Hi', 1), event({ error: { message: 'secret of the host' } })])],
    ['counts below zero', () => stream([token('Hi', 1), last(9, -4), event('[DONE]')])],
    ['counts in words', () => stream([token('Hi', 1), last('nine', 2), event('[DONE]')])],
    ['counts halves', () => stream([token('Hi', 1), last(9, 1.5), event('[DONE]')])],
    ['has an event that never ends', () => stream([token('Hi', 1), `data: ${'x'.repeat(70_000)}`], 'hang')],
  ])('that %s ends with host_failed and is settled by what the host computed', async (_, answer) => {
    const { response, settled, host, lines } = await request(answer, { said: SAID })
    const text = await response.text()
    expect(contentOf(text)).toBe('Hi')
    expect(text).toContain('"code":"host_failed"')
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('secret of the host')
    expect(await settled()).toEqual({ outcome: 'failed', units: 9 + 5 * 4, promptTokens: 9, outputTokens: 5 })
    expect(host.cancel).toHaveBeenCalledTimes(1)
    expect(lines).toMatchObject([
      { level: 'warn', event: 'stream_failed', request_id: 'r1', account: TAG, code: 'host_failed' },
    ])
  })

  it('whose settlement fails is told in the log', async () => {
    const pieces = [token('Hi', 1), last(9, 2), event('[DONE]')]
    const { response, kept, lines } = await request(() => stream(pieces), { storeFails: true })
    await response.text()
    expect(await kept()).toEqual([])
    expect(lines).toMatchObject([
      { level: 'error', event: 'settlement_failed', request_id: 'r1', account: TAG, outcome: 'ok' },
    ])
    expect(lines[0]).toMatchObject({ code: 'store_unavailable', fault: { class: 'TwohopError' } })
  })

  it('whose host can say nothing is settled by what was seen', async () => {
    const { response, settled } = await request(() => stream([token('a', 1), token('b', 2)]))
    await response.text()
    expect(await settled()).toEqual({ outcome: 'failed', units: 9 + 2 * 4, promptTokens: 9, outputTokens: 2 })
  })

  it.each([
    ['more output than was reserved', [9, 21]],
    ['more prompt than was reserved', [51, 3]],
  ])('that claims %s is charged as reserved', async (_, [prompt, completion]) => {
    const { response, settled } = await request(() => stream([last(prompt, completion), event('[DONE]')]))
    await response.text()
    expect(await settled()).toEqual({ outcome: 'ok', units: 130, promptTokens: 50, outputTokens: 20 })
  })

  it('that counts nothing is charged as reserved', async () => {
    const { response, settled } = await request(() => stream([event('[DONE]')]))
    await response.text()
    expect(await settled()).toMatchObject({ outcome: 'ok', units: 130 })
  })

  it('whose client goes away stops the host once and is settled by its count', async () => {
    const client = new AbortController()
    const { response, settled, host, lines } = await request(() => stream([token('Hi', 1)], 'hang'), {
      said: SAID,
      client,
    })
    const reader = response.body?.getReader()
    await reader?.read()
    client.abort()
    await reader?.cancel()
    expect(await settled()).toEqual({
      outcome: 'cancelled',
      units: 9 + 5 * 4,
      promptTokens: 9,
      outputTokens: 5,
    })
    expect(host.cancel).toHaveBeenCalledTimes(1)
    expect(lines).toEqual([])
  })

  it('whose client goes away before anything is known pays for all that was reserved', async () => {
    const client = new AbortController()
    const { response, settled } = await request(() => stream([], 'hang'), { client })
    const reading = response.text()
    client.abort()
    await settled().then((settlement) =>
      expect(settlement).toMatchObject({ outcome: 'cancelled', units: 130 }),
    )
    void reading
  })

  it('whose client goes away before anybody has taken it in pays nothing', async () => {
    const client = new AbortController()
    const { settled, host } = await request(
      () => {
        client.abort()
        throw new NothingComputed('host_unavailable', 'all were busy')
      },
      { client },
    )
    expect(await settled()).toMatchObject({ outcome: 'cancelled', units: 0 })
    expect(host.cancel).not.toHaveBeenCalled()
  })

  it('whose client has gone before it is sent is not sent, and pays nothing', async () => {
    const client = new AbortController()
    client.abort()
    const { settled, host } = await request(() => stream([]), { client })
    expect(await settled()).toMatchObject({ outcome: 'cancelled', units: 0 })
    expect(host.call).not.toHaveBeenCalled()
    expect(host.cancel).not.toHaveBeenCalled()
  })

  it('that takes longer than the deadline ends with host_timeout', async () => {
    // Its body breaks with the call's signal, as that of fetch does.
    const slow = (signal: AbortSignal) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(token('Hi', 1)))
            signal.addEventListener('abort', () => controller.error(signal.reason))
          },
        }),
      )
    const { response, settled } = await request(slow, { said: SAID, timeoutMs: 1 })
    const text = await response.text()
    expect(text).toContain('"code":"host_timeout"')
    expect(text).not.toContain('[DONE]')
    expect(await settled()).toMatchObject({ outcome: 'failed', units: 9 + 5 * 4 })
  })
})

describe('a whole answer', () => {
  const plain = { changes: { stream: false } }
  const body = (usage: unknown) => () => Response.json({ choices: [], usage })

  it('is settled by its usage', async () => {
    const { response, settled } = await request(body({ prompt_tokens: 9, completion_tokens: 3 }), plain)
    expect(response.status).toBe(200)
    expect(await settled()).toEqual({ outcome: 'ok', units: 21, promptTokens: 9, outputTokens: 3 })
  })

  it('whose connection breaks is a failure of the host', async () => {
    const { error, settled } = await request(() => stream(['{"choices":'], new Error('reset')), plain)
    expect(error).toMatchObject({ code: 'host_failed' })
    expect(await settled()).toMatchObject({ outcome: 'failed', units: 0 })
  })

  it.each([
    ['says nothing of usage', body(undefined)],
    ['counts below zero', body({ prompt_tokens: -9, completion_tokens: 3 })],
    ['counts more than was reserved', body({ prompt_tokens: 9, completion_tokens: 300 })],
    ['is no JSON', () => new Response('<html>')],
  ])('that %s is charged as reserved', async (_, answer) => {
    const { settled } = await request(answer, plain)
    expect(await settled()).toMatchObject({ outcome: 'ok', units: 130 })
  })

  it('that does not end is cut off at 16 MiB', async () => {
    const mebibyte = new Uint8Array(1024 * 1024)
    let sent = 0
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent++
            controller.enqueue(mebibyte)
          },
        }),
      )
    const { error, settled } = await request(endless, { ...plain, said: SAID })
    expect(error.code).toBe('host_failed')
    expect(sent).toBeLessThanOrEqual(18)
    expect(await settled()).toMatchObject({ outcome: 'failed', units: 29 })
  })
})

describe('a call that gets no answer', () => {
  it.each([
    'invalid_request',
    'context_length_exceeded',
    'prompt_exceeds_reservation',
    'host_busy',
    'host_not_ready',
  ] as const)('refused with %s costs nothing, and the host is not asked', async (code) => {
    const { error, settled, host } = await request(() => Promise.reject(new TwohopError(code, 'no')), {
      said: SAID,
    })
    expect(error.code).toBe(code)
    expect(await settled()).toMatchObject({ outcome: 'refused', units: 0 })
    expect(host.cancel).not.toHaveBeenCalled()
  })

  it('because the host is away costs nothing', async () => {
    const away = () => Promise.reject(new TwohopError('host_unavailable', 'away'))
    const { error, settled } = await request(away)
    expect(error.code).toBe('host_unavailable')
    expect(await settled()).toMatchObject({ outcome: 'failed', units: 0 })
  })

  it('because the deadline passed is host_timeout, and costs what the host computed', async () => {
    const late = () => Promise.reject(new DOMException('too late', 'TimeoutError'))
    const { error, settled } = await request(late, { said: SAID })
    expect(error.code).toBe('host_timeout')
    expect(await settled()).toMatchObject({ outcome: 'failed', units: 29 })
  })
})

describe('with an idempotency key', () => {
  const idempotency = { id: 'id1', body: 'b1' }
  const kept = (contentType: string, body: string) => [
    { id: 'id1', answer: `id1 ${JSON.stringify({ status: 200, contentType, body, requestId: 'r1' })}` },
  ]
  const freed = [{ id: 'id1', answer: undefined }]

  it('a stream is kept as the client got it', async () => {
    const { response, kept: seen } = await request(
      () => stream([token('Hel', 1), token('lo', 2), last(9, 3), event('[DONE]')]),
      { idempotency },
    )
    const text = await response.text()
    expect(await seen()).toEqual(kept('text/event-stream; charset=utf-8', text))
  })

  it('a whole answer is kept', async () => {
    const { kept: seen } = await request(() => new Response('{"ä":1}'), {
      idempotency,
      changes: { stream: false },
    })
    expect(await seen()).toEqual(kept('application/json', '{"ä":1}'))
  })

  it('a stream that is too long to be kept is handed on whole, and its recording ends', async () => {
    const pieces = Array.from({ length: 400 }, () => token('x'.repeat(10_000), 1))
    const { response, kept: seen } = await request(() => stream([...pieces, last(9, 3), event('[DONE]')]), {
      idempotency,
    })
    expect((await response.text()).length).toBeGreaterThan(4_000_000)
    const length = (await seen())[0]?.answer?.length ?? 0
    // One piece more than is kept tells that it was too long.
    expect(length).toBeGreaterThan(1024 * 1024)
    expect(length).toBeLessThan(1.1 * 1024 * 1024)
  })

  it.each([
    ['breaks off', () => stream([token('Hi', 1)], new Error('reset'))],
    ['is refused by the host', () => Promise.reject(new TwohopError('host_busy', 'no'))],
    ['does not reach the host', () => Promise.reject(new TwohopError('host_unavailable', 'away'))],
  ])('what %s may be tried again', async (_, answer) => {
    const { response, error, kept: seen } = await request(answer, { idempotency, said: SAID })
    if (!(error instanceof TwohopError)) await response.text()
    expect(await seen()).toEqual(freed)
  })

  it('a stream whose client went away may be tried again', async () => {
    const client = new AbortController()
    const { response, kept: seen } = await request(() => stream([token('Hi', 1)], 'hang'), {
      idempotency,
      said: SAID,
      client,
    })
    const reader = response.body?.getReader()
    await reader?.read()
    client.abort()
    expect(await seen()).toEqual(freed)
  })

  it('nothing is kept without one', async () => {
    const { response, kept: seen } = await request(() => stream([last(9, 3), event('[DONE]')]))
    await response.text()
    expect(await seen()).toEqual([undefined])
  })
})

describe('an answer in the form of another API', () => {
  const form = responsesForm(echo)
  const said = { said: SAID }
  const kindsOf = (text: string) => [...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name)

  it('is written for the client, and settled as that of a chat is', async () => {
    const pieces = [opening(), chunk({ content: 'Hi' }), chunk({ finish: 'stop' }), closing(3)].map(event)
    const { response, settled } = await request(() => stream([...pieces, event('[DONE]')]), {
      changes: { form },
    })
    const text = await response.text()
    expect(kindsOf(text).at(-1)).toBe('response.completed')
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('chat.completion')
    expect(await settled()).toEqual({ outcome: 'ok', units: 9 + 3 * 4, promptTokens: 9, outputTokens: 3 })
  })

  it.each([
    ['breaks', () => stream([event(opening()), event(chunk({ content: 'Hi' }))], new Error('reset'))],
    ['has other chunks', () => stream([event(opening()), event({ choices: [{ delta: 'secret' }] })])],
    ['ends without its answer', () => stream([event(opening()), event('[DONE]')])],
    ['reports an error', () => stream([event(opening()), event({ error: { message: 'secret' } })])],
  ])('ends with an error of its own form where the stream %s', async (_, answer) => {
    const { response, settled, host } = await request(answer, { changes: { form }, ...said })
    const text = await response.text()
    const kinds = kindsOf(text)
    expect([kinds[0], kinds.at(-1)]).toEqual(['response.created', 'error'])
    expect(kinds.filter((kind) => kind === 'response.completed')).toEqual([])
    expect(text).toContain('"code":"host_failed"')
    expect(text).not.toContain('secret')
    expect(await settled()).toEqual({ outcome: 'failed', units: 9 + 5 * 4, promptTokens: 9, outputTokens: 5 })
    expect(host.cancel).toHaveBeenCalledTimes(1)
  })

  it('is host_failed where the host answers with something else, and charged by its word', async () => {
    const changes = { form, stream: false }
    const { error, settled } = await request(() => Response.json({ choices: [] }), { changes, ...said })
    expect(error.code).toBe('host_failed')
    expect(await settled()).toMatchObject({ outcome: 'failed', units: 29 })
  })

  it('is kept for a repetition as the client got it', async () => {
    const whole = {
      created: 1,
      choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 9, completion_tokens: 3 },
    }
    const { response, kept: seen } = await request(() => Response.json(whole), {
      changes: { form, stream: false },
      idempotency: { id: 'id1', body: 'b1' },
    })
    const body = await response.text()
    expect(JSON.parse(body)).toMatchObject({ object: 'response', output: [{ type: 'message' }] })
    const [kept] = await seen()
    expect(kept?.answer).toContain(JSON.stringify(body))
  })

  it("names the field of the host's refusal as its API does", async () => {
    const refuse = () =>
      Promise.reject(new TwohopError('invalid_request', 'no', { param: 'response_format' }))
    const { error, settled } = await request(refuse, { changes: { form } })
    expect(error.param).toBe('text.format')
    expect(await settled()).toMatchObject({ outcome: 'refused', units: 0 })
  })
})

describe('a client that leaves while the router waits between two rounds', () => {
  const busy = () => new HostRefusal('host_busy', 'busy', { retryAfterMs: 1500 }, 0)
  const late = () => new TwohopError('host_timeout', 'late')

  /** Both places fail as they are told to; the client leaves when the wait begins. What was asked of them, in order. */
  async function left(failures: Record<string, () => Error>, changes = {}, said?: HostUsage) {
    const client = new AbortController()
    const asked: string[] = []
    const hostOf = (id: string): UpstreamCaller => {
      const note = (what: string) => void asked.push(`${what} ${id}`)
      return {
        call: async () => {
          note('call')
          throw failures[id]?.() ?? busy()
        },
        cancel: async () => {
          note('cancel')
          return said
        },
        usage: async () => {
          note('usage')
          return said
        },
        countTokens: async () => 0,
        wake: async () => note('wake'),
      }
    }
    const run = <T>(step: () => Promise<T>) => step()
    const reachedAt = (id: string) => {
      const load = createHostLoad(Date.now)
      return { host: hostOf(id), timeoutMs: undefined, load, guard: run, watch: run }
    }
    const placeOf = (id: string) => ({ id, model: 'twohop-chat', weight: 1, own: true })
    const router = createRouter({
      routesOf: () => ({ drawn: [placeOf('a')], fallback: [placeOf('b')] }),
      upstreams: new Map(['a', 'b'].map((id) => [id, reachedAt(id)])),
      own: hostOf('own'),
      now: Date.now,
      random: () => 0.5,
      pause(ms, signal) {
        asked.push(`wait ${ms}`)
        const waited = pause(ms, signal)
        client.abort()
        return waited
      },
      log: unreadLog,
    })
    const { error, settled, host } = await request((_, sent) => router.call(sent) as Promise<Response>, {
      client,
      changes,
    })
    expect(error).toMatchObject({ code: 'cancelled' })
    return { settled: await settled(), asked, stops: host.cancel.mock.calls.length }
  }

  it('pays nothing where all were busy, and nobody is asked again', async () => {
    const { settled, asked, stops } = await left({})
    expect(settled).toEqual({ outcome: 'cancelled', units: 0, promptTokens: 0, outputTokens: 0 })
    expect(asked).toEqual(['call a', 'call b', 'wait 1500'])
    expect(stops).toBe(0)
  })

  it('pays for what a try that was given up had computed, once', async () => {
    const { settled, asked, stops } = await left({ a: late }, { model: { ...chat, tries: 2 } }, SAID)
    const { prompt, output } = chat.prices
    const units = 9 * prompt + 5 * output
    expect(settled).toEqual({ outcome: 'cancelled', units, promptTokens: 9, outputTokens: 5 })
    expect(asked).toEqual(['call a', 'cancel a', 'call b', 'wait 1500'])
    expect(stops).toBe(0)
  })
})
