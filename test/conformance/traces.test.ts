import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { workerSettings } from '../../local/edge/settings.ts'
import { startWorkerd } from '../../local/edge/workerd.ts'
import { parseTraceparent } from '../../shared/tracing/traceparent.ts'
import { type UsageAnswer, UsageQuestion } from '../../shared/usage.ts'
import { serveOnLoopback } from '../fixtures/loopback-server.ts'
import { startOtlpReceiver } from '../fixtures/otlp-receiver.ts'
import { RUNTIMES } from '../fixtures/runtimes/runtimes.ts'
import { ask, call, eventually, newUser } from '../fixtures/stack/client.ts'

const PATH = '/v1/chat/completions'
const USAGE = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 }
const EVENT = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Hi' } }], usage: USAGE })}\n\n`
const PARENT = `00-${'4b'.repeat(16)}-${'f0'.repeat(8)}-01`

/** What a host says of requests that have ended. */
function usageOf(question: string): UsageAnswer {
  const { requests } = UsageQuestion.parse(JSON.parse(question))
  return {
    requests: requests.map(({ id }) => ({ id, usage: USAGE, timing: { queue_ms: 0, compute_ms: 1 } })),
  }
}

/** A span as workerd tells of it. */
type Native = {
  name: string
  spanId: string
  parent: string
  traceId: string
  attributes: Record<string, unknown>
  failed: boolean
  closed: boolean
}
type Event = {
  type: string
  name?: string
  spanId: string
  opened?: string
  traceId: string
  info?: { name: string; value: unknown }[] | { type: string; name?: string; status?: { code: string } }
}

/** The spans in a request's events. Of each one's updates the last counts. */
function spansOf(events: readonly Event[]): Native[] {
  const spans = new Map<string, Native>()
  for (const { type, name = '', spanId, opened, traceId, info } of events) {
    if (type === 'spanOpen' && opened !== undefined)
      spans.set(opened, {
        ...{ name, spanId: opened, parent: spanId, traceId },
        ...{ attributes: {}, failed: false, closed: false },
      })
    const span = spans.get(spanId)
    if (!span) continue
    if (type === 'attributes' && Array.isArray(info))
      for (const attribute of info) span.attributes[attribute.name] = attribute.value
    if (type === 'spanUpdate' && info && !Array.isArray(info)) {
      span.name = info.name ?? span.name
      span.failed ||= info.status?.code === 'error'
    }
    if (type === 'spanClose') span.closed = true
  }
  return [...spans.values()]
}

describe('in workerd', () => {
  const requests: Native[][] = []
  /** What each call of a host had as its traceparent. */
  const heard: (string | undefined)[] = []
  const open: { url: string; stop(): Promise<void> }[] = []
  let tails: (typeof open)[0]
  let host: (typeof open)[0]

  beforeAll(async () => {
    tails = await serveOnLoopback(async (request, response) => {
      requests.push(spansOf(JSON.parse(Buffer.concat(await request.toArray()).toString())))
      response.end()
    })
    host = await serveOnLoopback(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString()
      if (request.url === PATH) heard.push(request.headers.traceparent?.toString())
      if (request.url === '/v1/requests/usage') return void response.end(JSON.stringify(usageOf(body)))
      const isStream = body.includes('"stream":true')
      response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
      response.end(isStream ? `${EVENT}data: [DONE]\n\n` : JSON.stringify({ choices: [], usage: USAGE }))
    })
    open.push(tails, host)
  })
  afterAll(() => Promise.all(open.map(({ stop }) => stop())))

  async function edge(variables: Record<string, string>, tracesTo?: string) {
    const started = await startWorkerd({
      bundle: { module: join(inject('stackDir'), 'edge/workers.js'), ...workerSettings() },
      port: 0,
      variables: { ...inject('edgeVariables'), HOST_URL: host.url, ...variables },
      tracesTo,
    })
    open.push(started)
    heard.length = 0
    requests.length = 0
    return started.url
  }
  const chat = async (url: string, stream: boolean, headers = {}) => {
    const { token } = await newUser('roomy')
    const answer = await call(PATH, { token, edge: url, headers, body: ask('c4n4ry', { stream }) })
    expect([answer.status, (await answer.text()).includes(stream ? '[DONE]' : 'usage')]).toEqual([200, true])
    return answer.headers.get('x-request-id')
  }

  // With one host streams pass unread, and those that end together share a question: each is settled from another's request.
  it.each(['several', 'one'])(
    "the platform's own trace has each step, and the host goes on with it, of streams side by side; hosts: %s",
    async (HOSTS) => {
      const url = await edge({ TRACES: 'on', HOSTS }, tails.url)
      const ids = await Promise.all([chat(url, true), chat(url, true)])
      await eventually(async () => (requests.length === 2 ? true : undefined))
      expect(heard).toHaveLength(2)
      for (const spans of requests) {
        const of = (name: string) => spans.find((span) => span.name === name) ?? expect.fail(`no ${name}`)
        const root = of(`POST ${PATH}`)
        const model = of('auth') && (spans.find(({ name }) => name.startsWith('chat '))?.name ?? '')
        for (const name of ['auth', 'parse', 'reserve', model, 'settle'])
          expect(of(name).parent).toBe(root.spanId)
        expect(of('stream').parent).toBe(of(model).spanId)
        expect(ids).toContain(root.attributes['twohop.request_id'])
        expect(of(model).attributes).toMatchObject({
          'gen_ai.usage.input_tokens': USAGE.prompt_tokens,
          'gen_ai.usage.output_tokens': USAGE.completion_tokens,
          'twohop.outcome': 'ok',
        })
        const own = spans.filter(({ name }) => name !== 'fetch')
        expect(own.filter(({ closed }) => !closed).map(({ name }) => name)).toEqual([])
        expect(JSON.stringify(own)).not.toContain('c4n4ry')
        const traceparent = `00-${root.traceId}-${of(model).spanId}-01`
        expect(heard).toContain(traceparent)
      }
    },
  )

  it("where the platform keeps nothing, the host keeps nothing either, unless a trusted caller's trace is kept", async () => {
    const url = await edge({ TRACES: 'on', TRACE_CALLERS: 'everybody' })
    await chat(url, false)
    await chat(url, false, { traceparent: PARENT })
    expect(parseTraceparent(heard[0])).toMatchObject({ sampled: false })
    expect(heard[1]).toBe(PARENT)
  })

  it('where tracing is off, the host hears of no trace', async () => {
    await chat(await edge({ TRACE_CALLERS: 'everybody' }, tails.url), false, { traceparent: PARENT })
    expect(heard).toEqual([undefined])
  })
})

it('in Deno, a function sends its spans after each request', async () => {
  const receiver = await startOtlpReceiver()
  const deno = RUNTIMES.find(({ name }) => name.includes('Deno')) ?? expect.fail('no Deno')
  const called = receiver.called()
  const edge = await deno.start({
    ...inject('edgeVariables'),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: 'in-deno',
  })
  const { token } = await newUser('roomy')
  await call('/v1/usage', { token, edge: edge.url })
  await called
  await edge.stop()
  await receiver.stop()
  expect(receiver.spans()).toMatchObject([
    { service: 'in-deno', name: 'auth' },
    { name: 'usage' },
    { name: 'GET /v1/usage', kind: 'server', attributes: { 'http.response.status_code': 200 } },
  ])
})
