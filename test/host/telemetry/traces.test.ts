import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REPOSITORY } from '../../fixtures/models.ts'
import type { SentSpan } from '../../fixtures/otlp-receiver.ts'
import { slowly } from '../../fixtures/pace.ts'
import { traceShape, traceText } from '../../fixtures/trace-text.ts'
import { CANARY, startTracedStack } from './traced-stack.ts'

// Real processes of both hops before one collector. All requests are sent first; both hops are then ended by SIGTERM, which
// has to send what there is.

const PARENT = { traceId: '4b'.repeat(16), spanId: 'f0'.repeat(8) }
const traceparent = (flags: string) => `00-${PARENT.traceId}-${PARENT.spanId}-${flags}`
const chat = (changes: object = {}) => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content: `Say ${CANARY} in a few words.` }],
  max_tokens: 12,
  stream: true,
  stream_options: { include_usage: true },
  ...changes,
})

let stack: Awaited<ReturnType<typeof startTracedStack>>
let ended: Awaited<ReturnType<(typeof stack)['stop']>>
let spans: SentSpan[]
let usage: { prompt_tokens: number; completion_tokens: number }
let refused: { status: number; code: string }
let key = ''
const ids: Record<string, string> = {}

const eventsOf = (text: string): { usage?: typeof usage }[] =>
  text.split('\n\n').flatMap((event) => (event.startsWith('data: {') ? [JSON.parse(event.slice(6))] : []))

/** The request id of an answer, by a name of the request. */
async function noted(name: string, answer: Response): Promise<string> {
  ids[name] = answer.headers.get('x-request-id') ?? ''
  expect(answer.headers.get('traceparent')).toBeNull()
  return answer.text()
}

beforeAll(async () => {
  stack = await startTracedStack()
  const { ask } = stack
  // The first one loads what is loaded once.
  await (await ask('POST /v1/chat/completions', chat())).text()
  const streamed = await noted('chat', await ask('POST /v1/chat/completions', chat()))
  usage = eventsOf(streamed).at(-1)?.usage ?? expect.fail(streamed)

  await noted('embed', await ask('POST /v1/embeddings', { model: 'twohop-embed', input: [CANARY] }))

  // Slowed down, and without the tokens that end an answer, lest it be whole before the host hears that nobody reads it.
  await slowly(stack.pace, async () => {
    const leaving = new AbortController()
    const long = chat({ max_tokens: 400, logit_bias: { 0: -100, 2: -100 } })
    const left = await ask('POST /v1/chat/completions', long, { signal: leaving.signal })
    ids.left = left.headers.get('x-request-id') ?? ''
    await left.body?.getReader().read()
    leaving.abort()
    await stack.hostLine(new RegExp(`^run id=${ids.left} `))
  })

  const bad = await ask('POST /v1/chat/completions', chat({ max_tokens: 1_000_000 }))
  refused = { status: bad.status, code: JSON.parse(await noted('refused', bad)).error.code }
  await noted('unknown', await ask('GET /v1/models', undefined, { as: `a.${CANARY}.c` }))
  await noted('nowhere', await ask(`GET /${CANARY}`))

  const made = JSON.parse(
    await noted('key', await ask('POST /v1/keys', { name: CANARY, scopes: ['chat', 'embed'] })),
  )
  key = made.key ?? expect.fail(JSON.stringify(made))
  const asKey = { as: key, headers: { traceparent: traceparent('01'), tracestate: `a=${CANARY}` } }
  await noted('trusted', await ask('POST /v1/embeddings', { model: 'twohop-embed', input: 'a' }, asKey))
  const unkept = { as: key, headers: { traceparent: traceparent('00') } }
  await noted('unkept', await ask('POST /v1/embeddings', { model: 'twohop-embed', input: 'b' }, unkept))
  const stranger = { headers: { traceparent: traceparent('01') } }
  await noted('untrusted', await ask('POST /v1/embeddings', { model: 'twohop-embed', input: 'c' }, stranger))

  const body = { model: 'twohop-chat', messages: [{ role: 'user', content: CANARY }], max_tokens: 4 }
  const job = JSON.parse(
    await noted('job', await ask('POST /v1/jobs', { endpoint: '/v1/chat/completions', body })),
  )
  const events = await ask(`GET /v1/jobs/${job.id}/events`)
  expect(await events.text()).toContain('"status":"done"')

  ended = await stack.stop()
  spans = stack.receiver.spans()
})
afterAll(() => stack.remove())

/** The spans of a request's trace, by its name here. */
function traceOf(name: string): SentSpan[] {
  const root = spans.find(
    ({ kind, service, attributes }) =>
      kind === 'server' && service === 'twohop-edge' && attributes['twohop.request_id'] === ids[name],
  )
  return spans.filter(({ traceId }) => traceId === root?.traceId)
}
/** Each span as `service: name`, after the name of its parent, where that is in the trace; in the order of the letters. */
const linked = (trace: readonly SentSpan[]) =>
  trace
    .map(({ service, name, parentSpanId }) => {
      const parent = trace.find(({ spanId }) => spanId === parentSpanId)?.name
      return `${service}: ${parent ? `${parent} > ` : ''}${name}`
    })
    .toSorted()
const named = (trace: readonly SentSpan[], name: string, service = 'twohop-edge') =>
  trace.find((span) => span.name === name && span.service === service) ?? expect.fail(`no ${service} ${name}`)

const ROOT = 'POST /v1/chat/completions'
const CALL = 'chat twohop-chat'

it('both hops end well, and have sent what there was', () => {
  expect(ended).toMatchObject({ edge: 0, host: 0, stderr: '' })
  expect(ended.log).not.toContain('traces_not_sent')
})

describe('a streamed chat', () => {
  it('is one trace over both hops', () => {
    const trace = traceOf('chat')
    expect(linked(trace)).toEqual(
      [
        `twohop-edge: ${ROOT}`,
        ...['auth', 'parse', 'reserve', CALL, 'settle'].map((name) => `twohop-edge: ${ROOT} > ${name}`),
        `twohop-edge: ${CALL} > stream`,
        `twohop-host: ${CALL} > ${CALL}`,
        ...['queue', 'prefill', 'decode'].map((name) => `twohop-host: ${CALL} > ${name}`),
      ].toSorted(),
    )
    expect(named(trace, CALL, 'twohop-host').parentSpanId).toBe(named(trace, CALL).spanId)
  })

  it('whose times lie within each other', () => {
    const trace = traceOf('chat')
    // Each process reads its clock when it comes to it, and on a busy machine the host may come to it long after the edge.
    const slackOf = (a: SentSpan, b: SentSpan) => (a.service === b.service ? 10 : 1000)
    for (const span of trace) {
      const parent = trace.find(({ spanId }) => spanId === span.parentSpanId)
      expect(span.endMs, span.name).toBeGreaterThanOrEqual(span.startMs)
      if (!parent) continue
      expect(span.startMs, span.name).toBeGreaterThanOrEqual(parent.startMs - 10)
      expect(span.endMs, span.name).toBeLessThanOrEqual(parent.endMs + slackOf(span, parent))
    }
    const [queue, prefill, decode] = ['queue', 'prefill', 'decode'].map((name) =>
      named(trace, name, 'twohop-host'),
    )
    expect(queue?.endMs).toBeLessThanOrEqual((prefill?.startMs ?? 0) + 1)
    expect(prefill?.endMs).toBeLessThanOrEqual((decode?.startMs ?? 0) + 1)
  })

  it('whose token counts are those of the usage, on both hops', () => {
    const counts = {
      'gen_ai.usage.input_tokens': usage.prompt_tokens,
      'gen_ai.usage.output_tokens': usage.completion_tokens,
      'gen_ai.request.model': 'twohop-chat',
      'gen_ai.operation.name': 'chat',
    }
    expect(usage.completion_tokens).toBeGreaterThan(0)
    for (const service of ['twohop-edge', 'twohop-host'])
      expect(named(traceOf('chat'), CALL, service).attributes).toMatchObject(counts)
    const { attributes } = named(traceOf('chat'), CALL)
    expect(attributes).toMatchObject({ 'twohop.outcome': 'ok', 'gen_ai.request.stream': true })
    expect(attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0)
  })

  it('is shown in docs/telemetry.md as it is', async () => {
    const page = path.join(REPOSITORY, 'docs/telemetry.md')
    const text = await readFile(page, 'utf8')
    const [, before = '', shown = ''] = /(<!-- trace -->\n```text\n)([^`]*)\n```/.exec(text) ?? []
    const now = traceText(traceOf('chat'))
    if (process.env.REFRESH_TRACE) await writeFile(page, text.replace(before + shown, before + now))
    else expect(traceShape(shown)).toBe(traceShape(now))
  })
})

it('an encoder shows its wait and its compute', () => {
  expect(linked(traceOf('embed')).filter((line) => line.startsWith('twohop-host'))).toEqual([
    'twohop-host: embeddings twohop-embed > compute',
    'twohop-host: embeddings twohop-embed > embeddings twohop-embed',
    'twohop-host: embeddings twohop-embed > queue',
  ])
})

it('a client that left ends both hops with that code', () => {
  const trace = traceOf('left')
  for (const [name, service] of [
    [CALL, 'twohop-edge'],
    [CALL, 'twohop-host'],
    ['decode', 'twohop-host'],
  ] as const)
    expect(named(trace, name, service)).toMatchObject({
      failed: true,
      attributes: { 'error.type': 'cancelled' },
    })
  expect(named(trace, CALL).attributes['twohop.outcome']).toBe('cancelled')
})

it('a refusal is a code at the step that refused, and no failure of the edge', () => {
  expect(refused).toEqual({ status: 400, code: 'invalid_request' })
  const trace = traceOf('refused')
  expect(named(trace, ROOT)).toMatchObject({
    failed: false,
    attributes: { 'error.type': 'invalid_request', 'http.response.status_code': 400 },
  })
  expect(named(trace, 'parse')).toMatchObject({
    failed: true,
    attributes: { 'error.type': 'invalid_request' },
  })
  expect(trace.some(({ service }) => service === 'twohop-host')).toBe(false)
  expect(named(traceOf('unknown'), 'auth')).toMatchObject({
    failed: true,
    attributes: { 'error.type': 'token_malformed' },
  })
  expect(traceOf('nowhere').map(({ name }) => name)).toEqual(['GET'])
})

it('a job goes on in the trace that took it in', () => {
  const trace = traceOf('job')
  expect(linked(trace).filter((line) => line.startsWith('twohop-host'))).toEqual([
    ...['decode', 'prefill', 'queue'].map((name) => `twohop-host: ${CALL} > ${name}`),
    'twohop-host: enqueue > job twohop-chat',
    'twohop-host: job twohop-chat > chat twohop-chat',
  ])
  expect(named(trace, 'job twohop-chat', 'twohop-host').attributes).toMatchObject({ 'twohop.job.inputs': 1 })
})

describe("a caller's own trace", () => {
  it('is gone on with where the caller has a key', () => {
    const root = named(traceOf('trusted'), 'POST /v1/embeddings')
    expect(root).toMatchObject({ traceId: PARENT.traceId, parentSpanId: PARENT.spanId })
    expect(traceOf('trusted').some(({ service }) => service === 'twohop-host')).toBe(true)
  })

  it('of which nothing is kept is kept by neither hop', () => {
    const kept = (name: string) =>
      spans.filter(({ attributes }) => attributes['twohop.request_id'] === ids[name])
    expect(kept('trusted')).toHaveLength(2)
    expect(kept('unkept')).toEqual([])
  })

  it('is ignored of a user', () => {
    const root = named(traceOf('untrusted'), 'POST /v1/embeddings')
    expect(root.traceId).not.toBe(PARENT.traceId)
    expect(root.parentSpanId).toBeUndefined()
  })
})

it('no prompt, token, key, e-mail, header or path of anybody is in any trace', () => {
  const all = stack.receiver.bodies.join('\n')
  expect(all).not.toContain(CANARY)
  for (const secret of [key, ...stack.token.split('.'), stack.url]) expect(all).not.toContain(secret)
  expect(stack.receiver.headers[0]).toMatchObject({ authorization: `Bearer ${CANARY}` })
})
