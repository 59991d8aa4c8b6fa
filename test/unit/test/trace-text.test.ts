import { expect, it } from 'vitest'
import type { SentSpan } from '../../fixtures/otlp-receiver.ts'
import { traceShape, traceText } from '../../fixtures/trace-text.ts'

/** A request and its steps, each begun and ended at these milliseconds. */
const trace = (...times: readonly (readonly [string, number, number])[]): SentSpan[] =>
  times.map(([name, startMs, endMs], place) => ({
    ...{ service: 'twohop-edge', name, kind: 'internal', traceId: 't', spanId: name },
    ...{ parentSpanId: place === 0 ? undefined : times[0]?.[0], failed: false, startMs, endMs },
    attributes: place === 0 ? { 'http.response.status_code': 200 } : {},
  }))

it('has the same shape however long the trace took', () => {
  const quick = traceText(trace(['POST', 0, 9], ['auth', 1, 2], ['parse', 3, 8]))
  expect(traceShape(quick)).toBe(
    ['service      span', 'twohop-edge  POST', 'twohop-edge    auth', 'twohop-edge    parse'].join('\n'),
  )
  expect(
    traceShape(traceText(trace(['POST', 0, 90_000], ['auth', 10_000, 20_000], ['parse', 30_000, 80_000]))),
  ).toBe(traceShape(quick))
})

it('has another shape where a step is another, or in another place', () => {
  const shape = (...names: [string, string]) =>
    traceShape(traceText(trace(['POST', 0, 9], [names[0], 1, 2], [names[1], 3, 8])))
  expect(new Set([shape('auth', 'parse'), shape('parse', 'auth'), shape('auth', 'reserve')]).size).toBe(3)
})
