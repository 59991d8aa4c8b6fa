import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import {
  ask,
  call,
  chatModel,
  eventually,
  newUser,
  ownUsage,
  redis,
  redisRequests,
  settledUsage,
  stack,
  usageEvents,
} from '../fixtures/stack/client.ts'
import { standingStill } from '../fixtures/standing-still.ts'
import { ODD, ODD_ANSWER, ODD_EVENT, ODD_USED, TOGETHER } from './odd-host.ts'

/** What of a stream differs from request to request. */
const same = (text: string) =>
  text.replaceAll(/"id":"chatcmpl-[\w-]+"/g, '"id":""').replaceAll(/"created":\d+/g, '"created":0')

describe('a stream in workerd', () => {
  it.each([
    ['plain', {}],
    ['with usage', { stream_options: { include_usage: true } }],
    [
      'two answers with log probabilities',
      { n: 2, logprobs: true, top_logprobs: 2, temperature: 1, seed: 7 },
    ],
    ['with a stop string', { stop: ['e'] }],
  ])('has the same bytes whether it is read or passed on: %s', async (_, more) => {
    const { token } = await newUser('pro')
    const body = ask('What is Twohop?', { stream: true, max_tokens: 24, ...more })
    const headers = { 'idempotency-key': randomUUID() }
    // Where there is a key, the edge reads the stream to keep it.
    const read = await (await call('/v1/chat/completions', { token, body, headers })).text()
    const passed = await (await call('/v1/chat/completions', { token, body })).text()
    expect(read).toContain('[DONE]')
    expect(same(passed)).toBe(same(read))
  })

  const odd = (tokens: number) => ask('Hi', { stream: true, max_tokens: tokens })
  const edge = inject('oddEdge')
  const hold = (tokens: number) => worstCase(chatModel, ['Hi'], tokens).units
  const said =
    ODD_USED.prompt_tokens * chatModel.prices.prompt + ODD_USED.completion_tokens * chatModel.prices.output

  it.each([
    ['breaks off', ODD.breaks, said],
    ['breaks off and says nothing', ODD.breaksAndGone, hold(ODD.breaksAndGone)],
  ])('whose host %s ends with an error of the edge, and is charged', async (_, tokens, units) => {
    const { token } = await newUser('pro')
    const answer = await call('/v1/chat/completions', { token, body: odd(tokens), edge })
    const text = await answer.text()
    expect(text.startsWith(ODD_EVENT + ODD_EVENT)).toBe(true)
    const id = answer.headers.get('x-request-id') ?? ''
    expect(JSON.parse(text.slice(2 * ODD_EVENT.length + 'data: '.length))).toMatchObject({
      error: { code: 'host_failed', request_id: id },
    })
    expect(await usageEvents(id)).toMatchObject([{ outcome: 'failed', units: String(units) }])
    expect((await settledUsage(token)).units.month).toMatchObject({ used: units, held: 0 })
  })

  it('of which the host knows nothing afterwards is charged as reserved', async () => {
    const { token } = await newUser('pro')
    const answer = await call('/v1/chat/completions', { token, body: odd(ODD.forgets), edge })
    expect(await answer.text()).toBe(`${ODD_EVENT}data: [DONE]\n\n`)
    const events = await usageEvents(answer.headers.get('x-request-id') ?? '')
    expect(events).toMatchObject([{ outcome: 'ok', units: String(hold(ODD.forgets)) }])
  })

  it('shares the question what it was with others that end with it, and each is charged by its own count', async () => {
    const questions = async () =>
      (await (await fetch(inject('oddHost'))).json()) as Record<'POST' | 'DELETE', number>
    const users = await Promise.all(Array.from({ length: TOGETHER }, () => newUser('pro')))
    const before = await questions()
    const ids = await Promise.all(
      users.map(async ({ token }, i) => {
        const answer = await call('/v1/chat/completions', { token, body: odd(ODD.together + i), edge })
        expect(await answer.text()).toBe(`${ODD_EVENT}data: [DONE]\n\n`)
        return answer.headers.get('x-request-id') ?? ''
      }),
    )
    const charged = []
    for (const id of ids) charged.push(...(await usageEvents(id)))
    expect(charged).toMatchObject(
      ids.map((_, i) => ({ outcome: 'ok', units: String(said + i * chatModel.prices.output) })),
    )
    const after = await questions()
    // Of 16 answers that end in one turn the edge hears in a few; each alone would be 16 calls.
    expect(after.POST - before.POST).toBeGreaterThan(0)
    expect(after.POST - before.POST).toBeLessThanOrEqual(TOGETHER / 2)
    expect(after.DELETE - before.DELETE).toBe(0)
  })

  it('that goes on beyond its time ends with host_timeout, and is charged by what the host says', async () => {
    const { token } = await newUser('pro')
    const answer = await call('/v1/chat/completions', { token, body: odd(ODD.endless), edge })
    const text = await answer.text()
    expect(text).toContain('"code":"host_timeout"')
    expect(text.startsWith(ODD_EVENT)).toBe(true)
    const events = await usageEvents(answer.headers.get('x-request-id') ?? '')
    expect(events).toMatchObject([{ outcome: 'failed', units: String(said) }])
  })

  it('whose client goes away is settled once, by what the host says', async () => {
    const { token } = await newUser('pro')
    const client = new AbortController()
    const answer = await call('/v1/chat/completions', {
      token,
      body: odd(ODD.endless),
      edge,
      signal: client.signal,
    })
    await answer.body?.getReader().read()
    client.abort()
    const events = await usageEvents(answer.headers.get('x-request-id') ?? '')
    expect(events).toMatchObject([{ outcome: 'cancelled', units: String(said) }])
    expect((await ownUsage(token)).concurrent.running).toBe(0)
  })
})

describe('a whole answer in workerd', () => {
  const edge = inject('oddEdge')
  const said =
    ODD_USED.prompt_tokens * chatModel.prices.prompt + ODD_USED.completion_tokens * chatModel.prices.output

  async function answered(tokens: number) {
    const { token } = await newUser('pro')
    return call('/v1/chat/completions', { token, body: ask('Hi', { max_tokens: tokens }), edge })
  }
  const charged = (answer: Response) => usageEvents(answer.headers.get('x-request-id') ?? '')

  it('is the host’s bytes under the edge’s headers, and is charged as its host has counted', async () => {
    const answer = await answered(ODD.whole)
    const bytes = Buffer.from(ODD_ANSWER)
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes)
    const names = ['content-type', 'content-length', 'cache-control', 'x-usage', 'x-timing', 'set-cookie']
    expect(names.map((name) => answer.headers.get(name))).toEqual([
      'application/json',
      `${bytes.length}`,
      'no-store',
      ...[null, null, null],
    ])
    expect(await charged(answer)).toMatchObject([{ outcome: 'ok', units: `${said}`, compute_ms: '3' }])
  })

  it('that breaks off is no whole answer to the client either, and what was computed is charged', async () => {
    const answer = await answered(ODD.wholeBreaks)
    await expect(answer.text()).rejects.toThrow()
    expect(await charged(answer)).toMatchObject([{ outcome: 'ok', units: `${said}` }])
  })
})

describe('settlements of requests that end together', () => {
  it('share requests to Redis, each is made once, and it does not matter who has left', async () => {
    const users = await Promise.all(Array.from({ length: 24 }, () => newUser('pro')))
    const settled = () => redis<number>('XLEN', 'twohop:events')
    const first = await settled()
    const open = () => redis<number>('ZCARD', 'twohop:open')
    const openBefore = await open()
    const before = await redisRequests()
    const requests = () =>
      users.map(async ({ token }, i) => {
        const client = new AbortController()
        const body = ask('Hi', { max_tokens: 1 })
        const answer = await call('/v1/chat/completions', { token, body, signal: client.signal })
        // Every other client has what it wants with the headers, and cuts the connection.
        if (i % 2 === 0) await answer.text()
        else client.abort()
        return answer.headers.get('x-request-id') ?? ''
      })
    // The host goes on once all of them are before it, so that they end in a few of its steps.
    let looks = 0
    const { all } = await standingStill(stack.host.pid, async () => {
      const sent = requests()
      await eventually(async () => {
        looks++
        return (await open()) - openBefore >= users.length ? true : undefined
      })
      return { all: sent }
    })
    const ids = await Promise.all(all)
    await eventually(async () => {
      looks++
      return (await settled()) - first >= users.length ? true : undefined
    })
    const asked = (await redisRequests()) - before - looks
    const events = []
    for (const id of ids) events.push(await usageEvents(id))
    expect(events.map((one) => one.map(({ outcome }) => outcome))).toEqual(ids.map(() => ['ok']))
    // Each has reserved by itself.
    expect(asked).toBeGreaterThan(users.length)
    expect(asked).toBeLessThan(2 * users.length)
  })
})
