import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { RUNTIMES, type RunningEdge } from '../fixtures/runtimes/runtimes.ts'
import { sendSlowly } from '../fixtures/slow-sender.ts'
import {
  type Answer,
  ask,
  type Call,
  CHAT,
  call,
  eventually,
  hostRun,
  newUser,
  ownUsage,
  redis,
  refusal,
  settledUsage,
  stack,
  streamData,
  usageEvents,
} from '../fixtures/stack/client.ts'
import { BODY_TIMEOUT_MS, WEB_ORIGIN } from './setup.ts'
import { addCell, type Cell, cellsOfPage, cellsOfRun } from './table.ts'

const PATH = '/v1/chat/completions'
/** In prompts, to be looked for in logs. */
const CANARY = 'c4n4ry'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** An answer that goes on to its limit: the tokens that end one are ruled out. Slowed down, it takes 10 s. */
const LONG = {
  ...{ model: CHAT, prompt: 'Twohop is', max_tokens: 500, temperature: 0, stream: true },
  logit_bias: { 0: -100, 2: -100 },
}

/** What `GET /v1/usage/requests` says of the account's requests. */
type RequestRows = { data: { outcome: string; output_tokens: number; units: number }[] }

const after = <Value>(ms: number, value: Value) =>
  new Promise<Value>((resolve) => setTimeout(() => resolve(value), ms))

/** The rows of the ledger about a request. */
async function ledgerRows(requestId: string): Promise<unknown[]> {
  const { url, secretKey } = stack.postgres ?? { url: '', secretKey: '' }
  const answer = await fetch(`${url}/rest/v1/usage_events?request_id=eq.${requestId}&select=units,outcome`, {
    headers: { apikey: secretKey, authorization: `Bearer ${secretKey}`, 'accept-profile': 'twohop' },
  })
  return answer.ok ? ((await answer.json()) as unknown[]) : []
}

describe.each(RUNTIMES)('the edge on $name', ({ name, readsBodies, start }) => {
  let edge: RunningEdge
  const tokens: string[] = []
  beforeAll(async () => {
    edge = await start(inject('edgeVariables'))
  })
  afterAll(() => edge?.stop())

  const send = (path: string, request: Call = {}) => call(path, { ...request, edge: edge.url })
  async function user(plan = 'roomy', claims = {}) {
    const made = await newUser(plan, claims)
    tokens.push(made.token)
    return made
  }
  const codeOf = async (answer: Response) => {
    const { status, code } = await refusal(answer)
    return `${status} ${code}`
  }
  /** A case of the table: what it gives stands in the runtime's column. */
  const row = (what: string, run: () => Promise<string>) =>
    it(what, async () => addCell({ what, runtime: name, seen: await run() }))

  row('is up', async () => {
    const answer = await send('/healthz')
    expect(await answer.json()).toEqual({ status: 'ok' })
    return String(answer.status)
  })

  row('no token', async () => {
    const answer = await send(PATH, { body: ask('Hi') })
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const seen = await codeOf(answer)
    expect(seen).toBe('401 token_missing')
    return seen
  })

  row('preflight of a page that may call', async () => {
    const answer = await send(PATH, {
      method: 'OPTIONS',
      headers: {
        origin: WEB_ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
      },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe(WEB_ORIGIN)
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-stainless-os')
    expect(answer.status).toBe(204)
    return String(answer.status)
  })

  row('a page that may not call', async () => {
    const answer = await send('/healthz', { headers: { origin: 'https://evil.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    const seen = await codeOf(answer)
    expect(seen).toBe('403 origin_not_allowed')
    return seen
  })

  row('an answer, charged as it was used', async () => {
    const { token } = await user()
    const answer = await send(PATH, { token, body: ask(`Hi ${CANARY}`, { max_tokens: 4 }) })
    expect(answer.status).toBe(200)
    const { usage } = (await answer.json()) as Answer
    const requestId = answer.headers.get('x-request-id') ?? ''
    const [event, ...more] = await usageEvents(requestId)
    expect(more).toEqual([])
    expect(event).toMatchObject({ outcome: 'ok', output_tokens: String(usage.completion_tokens) })
    expect((await settledUsage(token)).units.month.used).toBe(Number(event?.units))
    return `200, ${usage.completion_tokens} tokens`
  })

  row('a stream, token by token', async () => {
    const { token } = await user()
    const read = async () => {
      const answer = await send('/v1/completions', { token, body: { ...LONG, max_tokens: 24 } })
      expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
      const times: number[] = []
      let text = ''
      for await (const piece of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        times.push(performance.now())
        text += piece
      }
      return { times, text }
    }
    const { times, text } = await slowly(inject('pace'), read, IN_A_BROWSER_MS)
    expect(text.match(/^data: \{/gm)?.length).toBeGreaterThanOrEqual(24)
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    // 24 steps of 150 ms at least: what is held back until the end comes in one piece, or all at once. A busy machine may
    // bring some together.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1000)
    expect(times.length).toBeGreaterThanOrEqual(8)
    return 'yes'
  })

  row('the client leaves a stream', async () => {
    const { token } = await user()
    const client = new AbortController()
    const { event, run } = await slowly(inject('pace'), async () => {
      const answer = await send('/v1/completions', { token, body: LONG, signal: client.signal })
      const requestId = answer.headers.get('x-request-id') ?? ''
      await answer.body?.getReader().read()
      client.abort()
      const events = await usageEvents(requestId)
      return { event: events[0], run: await hostRun(requestId) }
    })
    expect(event?.outcome).toBe('cancelled')
    expect(run.output_tokens).toBe(event?.output_tokens)
    expect(Number(event?.output_tokens)).toBeLessThan(LONG.max_tokens / 2)
    expect((await settledUsage(token)).units.month.used).toBe(Number(event?.units))
    return 'host stopped'
  })

  row('the client leaves before the first byte', async () => {
    const { token } = await user()
    const client = new AbortController()
    const { signal } = client
    const spent = await slowly(inject('pace'), async () => {
      const answer = send('/v1/completions', { token, body: { ...LONG, stream: false }, signal })
      await eventually(async () => ((await ownUsage(token)).concurrent.running === 1 ? true : undefined))
      client.abort()
      await expect(answer).rejects.toThrow()
      return settledUsage(token)
    })
    const { data } = (await (await send('/v1/usage/requests', { token })).json()) as RequestRows
    expect(data.map(({ outcome }) => outcome)).toEqual(['cancelled'])
    expect(data[0]?.output_tokens).toBeLessThan(LONG.max_tokens / 2)
    expect(spent.units.month.used).toBe(data[0]?.units)
    return 'host stopped'
  })

  row('a suspended account', async () => {
    const { token, account } = await user()
    await redis('HSET', `twohop:account:${account}`, 'status', 'suspended')
    const seen = await codeOf(await send(PATH, { token, body: ask('Hi') }))
    expect(seen).toBe('403 account_suspended')
    return seen
  })

  row('a budget that is used up', async () => {
    const { token } = await user('poor')
    const answer = await send(PATH, { token, body: ask('x'.repeat(900), { max_tokens: 512 }) })
    expect(answer.headers.get('ratelimit')).toMatch(/"units-month";r=100;t=\d+/)
    const seen = await codeOf(answer)
    expect(seen).toBe('403 budget_exhausted')
    return seen
  })

  row('too many requests', async () => {
    const { token } = await user('two-a-minute')
    // Three in a row may straddle a minute; of six, three lie in one.
    for (let tries = 0; tries < 6; tries++) {
      const answer = await send(PATH, { token, body: ask('Hi', { max_tokens: 1 }) })
      if (answer.status === 200) await answer.text()
      else {
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
        expect(answer.headers.get('ratelimit')).toMatch(/"requests";r=0;t=\d+/)
        const seen = await codeOf(answer)
        expect(seen).toBe('429 rate_limited')
        return seen
      }
    }
    throw new Error('nothing was refused')
  })

  row('a body that is too large', async () => {
    const { token } = await user()
    const body = JSON.stringify(ask('x'.repeat(70_000)))
    const seen = await codeOf(await send(PATH, { token, body }))
    expect(seen).toBe('413 body_too_large')
    const stranger = await codeOf(await send(PATH, { body }))
    expect(stranger).toBe('401 token_missing')
    return seen
  })

  row('a body that does not come', async () => {
    const { token } = await user()
    const headers = { authorization: `Bearer ${token}` }
    const answer = sendSlowly(`${edge.url}${PATH}`, { headers }).then(
      ({ status, code }) => `${status} ${code}`,
      () => 'no answer',
    )
    const seen = readsBodies
      ? await Promise.race([answer, after(3 * BODY_TIMEOUT_MS, 'the platform waits')])
      : await answer
    expect((await ownUsage(token)).units.month).toMatchObject({ used: 0, held: 0 })
    expect(seen).toBe(readsBodies ? 'the platform waits' : '408 body_timeout')
    return seen
  })

  row('a body that is no JSON', async () => {
    const { token } = await user()
    const answer = await send(PATH, { token, body: '{"model":' })
    if (readsBodies) {
      expect([answer.status, (await answer.text()).includes('Error:')]).toEqual([400, false])
      return '400 of the platform'
    }
    const seen = await codeOf(answer)
    expect(seen).toBe('400 invalid_request')
    return seen
  })

  row('a field that is wrong', async () => {
    const { token } = await user()
    const answer = await send(PATH, {
      token,
      body: { model: CHAT, messages: [{ role: 'user', content: 7 }] },
    })
    const { status, code, param } = await refusal(answer)
    expect({ status, code, param }).toEqual({
      ...{ status: 400, code: 'invalid_request' },
      param: 'messages[0].content',
    })
    return `${status} ${param}`
  })

  row('a job, from 202 to its result', async () => {
    const { token } = await user()
    const inputs = ['Hi', 'Hello'].map((text) => ask(text, { max_tokens: 2 }))
    const answer = await send('/v1/jobs', { token, body: { endpoint: PATH, inputs } })
    expect(answer.status).toBe(202)
    const { id } = (await answer.json()) as { id: string }
    expect(await (await send(`/v1/jobs/${id}/events`, { token })).text()).toContain('event: end\n')
    const done = (await (await send(`/v1/jobs/${id}`, { token })).json()) as {
      status: string
      results: { status: number }[]
    }
    expect(done.status).toBe('done')
    expect(done.results.map(({ status }) => status)).toEqual([200, 200])
    return done.status
  })

  row('the same idempotency key again', async () => {
    const { token } = await user()
    const again = { token, body: ask('Hi', { max_tokens: 4 }), headers: { 'idempotency-key': randomUUID() } }
    const first = await send(PATH, again)
    const text = await first.text()
    await usageEvents(first.headers.get('x-request-id') ?? '')
    const second = await send(PATH, again)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await second.text()).toBe(text)
    return 'same answer'
  })

  row('scheduled work', async () => {
    const { token } = await user()
    const answer = await send(PATH, { token, body: ask('Hi', { max_tokens: 2, stream: true }) })
    expect((await streamData(answer)).at(-1)).toBe('[DONE]')
    const requestId = answer.headers.get('x-request-id') ?? ''
    await usageEvents(requestId)
    expect(await ledgerRows(requestId)).toEqual([])
    await edge.schedule(async () => (await ledgerRows(requestId)).length === 1)
    return 'in the ledger'
  })

  row('request ids', async () => {
    const answers = await Promise.all(
      [1, 2].map(() => send('/v1/models', { headers: { 'x-request-id': 'mine' } })),
    )
    const ids = answers.map((answer) => answer.headers.get('x-request-id') ?? '')
    for (const id of ids) expect(id).toMatch(UUID)
    expect(new Set(ids).size).toBe(2)
    return 'its own'
  })

  row('secrets in its log', async () => {
    const log = edge.log()
    const { privateKey, ...secrets } = secretsOf(inject('edgeVariables'))
    for (const secret of [privateKey, ...Object.values(secrets), ...tokens, CANARY])
      expect(log.includes(secret)).toBe(false)
    return 'none'
  })
})

it('docs/runtimes.md shows this table, without a hole', ({ skip }) => {
  const cells = cellsOfRun()
  const all = RUNTIMES.every(({ name }) => cells.some(({ runtime }) => runtime === name))
  skip(!all, 'not every runtime has run')
  const key = ({ what, runtime }: Cell) => `${what} | ${runtime}`
  const byKey = (table: readonly Cell[]) => Object.fromEntries(table.map((cell) => [key(cell), cell.seen]))
  expect(byKey(cellsOfPage())).toEqual(byKey(cells))
})

/** The secrets among an edge's variables, as they would stand in a log. */
function secretsOf(variables: Record<string, string>) {
  return {
    privateKey: (JSON.parse(variables.SERVICE_TOKEN_PRIVATE_KEY ?? '{}') as { d: string }).d,
    redis: variables.UPSTASH_REDIS_REST_TOKEN ?? '',
    apiKeys: variables.API_KEY_SECRETS ?? '',
    ledger: variables.LEDGER_SUPABASE_KEY ?? '',
  }
}
