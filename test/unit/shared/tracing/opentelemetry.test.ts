import { afterEach, beforeEach, expect, it } from 'vitest'
import { createOpenTelemetry } from '../../../../shared/tracing/opentelemetry.ts'
import { parseTraceparent } from '../../../../shared/tracing/traceparent.ts'
import { serveOnLoopback } from '../../../fixtures/loopback-server.ts'
import { startOtlpReceiver } from '../../../fixtures/otlp-receiver.ts'

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>
beforeEach(async () => {
  receiver = await startOtlpReceiver()
})
afterEach(() => receiver.stop())

/** A tracer before that collector, and what it told of it. */
function tracing({ ratio = 1, standsStill = false, endpoint = `${receiver.url}/v1/traces` } = {}) {
  const changes: (object | undefined)[] = []
  const tracer = createOpenTelemetry(
    { endpoint, headers: { 'x-team': 'a team' }, service: 'a-service', ratio },
    { onChange: (away) => void changes.push(away), standsStill },
  )
  return { ...tracer, changes }
}
const PARENT = { traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8), sampled: true }

it('sends what there is when it is closed: names, links, kinds, attributes, failures and times', async () => {
  const { begin, close } = tracing()
  const since = Date.now() - 500
  const root = begin('GET', PARENT, since)
  const call = root.child('chat a-model', 'client')
  call.set('gen_ai.usage.input_tokens', 7)
  call.fail('host_busy')
  call.end()
  call.end()
  root.rename('GET /v1/models')
  root.end()
  await close()
  const [first, second] = receiver.spans()
  expect(second).toMatchObject({
    ...{ service: 'a-service', name: 'GET /v1/models', kind: 'server', failed: false },
    ...{ traceId: PARENT.traceId, parentSpanId: PARENT.spanId, startMs: since },
  })
  expect(first).toMatchObject({
    ...{ name: 'chat a-model', kind: 'client', failed: true },
    ...{ traceId: PARENT.traceId, parentSpanId: second?.spanId },
    attributes: { 'gen_ai.usage.input_tokens': 7, 'error.type': 'host_busy' },
  })
  expect(receiver.spans()).toHaveLength(2)
  expect(parseTraceparent(root.traceparent)).toEqual({ ...PARENT, spanId: second?.spanId })
  expect(receiver.headers[0]).toMatchObject({ path: '/v1/traces', 'x-team': 'a team' })
})

it('keeps to what its caller has decided, whatever part of its own traces it keeps', async () => {
  const all = tracing()
  const left = all.begin('GET', { ...PARENT, sampled: false })
  expect(left.traceparent).toMatch(new RegExp(`^00-${PARENT.traceId}-[0-9a-f]{16}-00$`))
  expect(left.child('a').traceparent).toBe(left.traceparent)
  left.end()
  const none = tracing({ ratio: 0 })
  none.begin('own', undefined).end()
  none.begin('kept', PARENT).end()
  await Promise.all([all.close(), none.close()])
  expect(receiver.spans().map(({ name }) => name)).toEqual(['kept'])
})

it('a trace of its own has an id of its own, and all of its steps have it', async () => {
  const { begin, close } = tracing()
  const [one, other] = [begin('a', undefined), begin('b', undefined)]
  one.child('c').end()
  for (const span of [one, other]) span.end()
  await close()
  const of = (name: string) => receiver.spans().find((span) => span.name === name)
  expect(of('c')?.traceId).toBe(of('a')?.traceId)
  expect(of('b')?.traceId).not.toBe(of('a')?.traceId)
  expect(of('a')?.parentSpanId).toBeUndefined()
})

it('where the platform stands still, what there is can be sent after each request', async () => {
  const { begin, flush, close } = tracing({ standsStill: true })
  begin('a', undefined).end()
  await flush?.()
  expect(receiver.spans()).toHaveLength(1)
  expect(tracing().flush).toBeUndefined()
  await close()
})

it('a collector that refuses is told of once, and of its coming back; nothing is thrown', async () => {
  const { begin, flush, close, changes } = tracing({ standsStill: true })
  receiver.answer(400)
  for (let times = 0; times < 2; times++) {
    begin('lost', undefined).end()
    await flush?.()
  }
  expect(changes).toEqual([{ error: expect.anything() }])
  receiver.answer(200)
  begin('kept', undefined).end()
  await close()
  expect(changes).toEqual([{ error: expect.anything() }, undefined])
  expect(receiver.spans().map(({ name }) => name)).toEqual(['kept'])
})

it('a collector that hangs is waited for once, and then for half a minute by nobody', async () => {
  const hanging = await serveOnLoopback(() => {})
  const { begin, flush, close } = tracing({ standsStill: true, endpoint: `${hanging.url}/v1/traces` })
  const took: number[] = []
  for (let times = 0; times < 2; times++) {
    begin('a', undefined).end()
    const began = performance.now()
    await flush?.()
    took.push(performance.now() - began)
  }
  expect(took[0]).toBeGreaterThan(1900)
  // Far less than it waits for one that hangs, and more than a busy machine makes of nothing.
  expect(took[1]).toBeLessThan(1500)
  await hanging.stop()
  void close()
})

it('a text is kept to its beginning', async () => {
  const { begin, close } = tracing()
  const span = begin('a', undefined)
  span.set('error.type', 'x'.repeat(1000))
  span.end()
  await close()
  expect(receiver.spans()[0]?.attributes['error.type']).toHaveLength(256)
})

it('a collector that is not there holds up nothing: spans beyond the most that wait are dropped, and the end is bounded', async () => {
  const { begin, close, changes } = tracing({ endpoint: 'http://127.0.0.1:9/v1/traces' })
  for (let spans = 0; spans < 10_000; spans++) begin('a', undefined).end()
  const began = performance.now()
  await close()
  expect(performance.now() - began).toBeLessThan(3500)
  expect(changes.length).toBeLessThan(2)
})
